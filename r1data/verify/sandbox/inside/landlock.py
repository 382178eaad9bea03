"""Landlock: a second wall around files; from version 4 also around TCP, from version 6 around signals."""

import os
import stat
import struct

from . import kernel

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
READ_FILE, READ_DIR, WRITE_FILE, TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, REFER = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 13
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
"""No device, socket, pipe or link can be made."""
FOR_FILES = READ_FILE | WRITE_FILE | TRUNCATE


def version() -> int:
    """Version that the kernel speaks; 0 where it has none."""
    try:
        return kernel.syscall("landlock_create_ruleset", CREATE, None, 0, 1)
    except OSError:
        return 0


def ruleset(read: list[str], write: list[str]) -> int | None:
    """Descriptor of rules that allow reading below `read` and writing below `write`, and nothing else.

    None where the kernel has no Landlock. Paths that do not exist are passed over.
    """
    known = version()
    if not known:
        return None
    files = (1 << 13) - 1
    for since, right in ((2, 13), (3, 14), (5, 15)):
        files |= (known >= since) << right
    network, scopes = (3 if known >= 4 else 0), (3 if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = kernel.syscall(
        "landlock_create_ruleset", CREATE, struct.pack("QQQ", files, network, scopes), size, 0
    )
    for path, rights in [*((path, READ) for path in read), *((path, WRITE) for path in write)]:
        _allow(rules, path, rights & files)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= FOR_FILES
        kernel.syscall("landlock_add_rule", ADD_RULE, rules, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def restrict(rules: int) -> None:
    """Put the rules on this process for good. Needs no_new_privs, which it sets."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.syscall("landlock_restrict_self", RESTRICT, rules, 0)
