"""System calls that Python does not wrap, by ctypes on the C library; an OSError names the call."""

import ctypes
import os
import platform
import struct

MACHINE = platform.machine()
"""The architecture, as the kernel names it."""
PIVOT_ROOT, CAPSET = {"x86_64": (155, 126), "aarch64": (41, 91)}.get(MACHINE, (0, 0))
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442  # the same on every architecture, as all since 424

NEW_NS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE, OPEN_TREE_CLONE = -100, 0x1000, 0x8000, 1
MOVE_FROM_EMPTY_PATH = 4

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
Argument = int | bytes | None | ctypes.Array


def _checked(name: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def _passed(value: Argument) -> object:
    """Integers as 64 bits: ctypes would pass 32 to a function without prototype."""
    return ctypes.c_long(value) if isinstance(value, int) else value


def syscall(name: str, number: int, *arguments: Argument) -> int:
    """Call the kernel; `name` is for the message."""
    return _checked(name, _libc.syscall(ctypes.c_long(number), *map(_passed, arguments)))


def prctl(option: int, *arguments: Argument) -> int:
    """Change an attribute of this process."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    return _checked(f"prctl({option})", _libc.prctl(option, *map(_passed, padded)))


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _checked("unshare", _libc.unshare(flags))


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount a file system or change a mount."""
    words = [text.encode() if text is not None else None for text in (source, target, kind)]
    _checked("mount", _libc.mount(*words, ctypes.c_ulong(flags), options.encode()))


def unmount(target: str) -> None:
    """Detach what is mounted there; it vanishes with its last user."""
    _checked("umount2", _libc.umount2(target.encode(), MNT_DETACH))


def clone_tree(path: str) -> int:
    """A read-only copy of the mounts at `path` that is attached nowhere yet; returns its descriptor."""
    flags = OPEN_TREE_CLONE | AT_RECURSIVE | os.O_CLOEXEC
    tree = syscall("open_tree", OPEN_TREE, AT_FDCWD, path.encode(), flags)
    devices = os.path.exists(path) and not os.path.isdir(path)  # a device node must stay one
    attributes = struct.pack("QQQQ", MS_RDONLY | MS_NOSUID | (0 if devices else MS_NODEV), 0, 0, 0)
    syscall("mount_setattr", MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH | AT_RECURSIVE, attributes, 32)
    return tree


def attach_tree(tree: int, target: str) -> None:
    """Attach what `clone_tree` gave, and close it."""
    syscall("move_mount", MOVE_MOUNT, tree, b"", AT_FDCWD, target.encode(), MOVE_FROM_EMPTY_PATH)
    os.close(tree)


def pivot_root(new_root: str) -> None:
    """Make `new_root` the root of this mount namespace; nothing of the old one stays reachable."""
    os.chdir(new_root)
    syscall("pivot_root", PIVOT_ROOT, b".", b".")
    unmount(".")
    os.chdir("/")


def drop_capabilities() -> None:
    """Give up every capability for good, also those of the own user namespace."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = struct.pack("II", 0x20080522, 0)
    syscall("capset", CAPSET, header, bytes(24))
