"""The zygote inside bubblewrap, for machines where only `bwrap` may make namespaces. One `bwrap` per program.

It lacks one bound: the number of files is looked at twenty times a second, not refused by the file system.
"""

import os
import shutil

from r1data.errors import SandboxError
from r1data.verify.sandbox.inside import namespaces
from r1data.verify.sandbox.zygote import HERE, Zygote, python_folders


def start(files_bytes: int) -> Zygote:
    """Start a zygote in bubblewrap; SandboxError where there is no `bwrap` or it may not do it."""
    binary = shutil.which("bwrap")
    if binary is None:
        raise SandboxError("there is no bwrap; install the package bubblewrap")
    return Zygote("bubblewrap", [binary, *_arguments(files_bytes)], namespaces.WORK)


def _arguments(files_bytes: int) -> list[str]:
    words = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:  # Python may lie where only root can go, so the zygote becomes nobody by itself
        words += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-user", "--uid", str(namespaces.NOBODY), "--gid", str(namespaces.NOBODY)]
    for folder in ("/dev", "/etc", namespaces.BOX):  # bwrap would make them for their owner alone
        words += ["--perms", "0755", "--dir", folder]
    for path in namespaces.visible([*python_folders(), HERE]):
        if os.path.islink(path) and os.path.isdir(path):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--dev-bind" if path.startswith("/dev/") else "--ro-bind", path, path]
    owner = (
        ["--perms", "0777"] if os.geteuid() == 0 else ["--perms", "0700"]
    )  # the zygote is nobody, not root
    words += ["--proc", "/proc", *owner, "--size", str(files_bytes), "--tmpfs", namespaces.WORK]
    return [*words, "--remount-ro", "/", "--chdir", "/"]
