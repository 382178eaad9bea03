"""Namespaces of the zygote: users, mounts, processes, network, IPC, host name; entered once, for all
programs.

Once is enough: nothing in them outlives a program. The network is empty and has no sockets, system calls
leave IPC out, processes die with their test, and the one writable folder is mounted afresh after any test
that left something in it. Namespaces per program would cost more than the program (a new network alone 0.3
ms and more).
"""

import os
import stat
import struct

from . import kernel

WORK = "/box/work"
"""The only folder that a program may write to; current folder, home and place of temporary files."""
BOX = "/box"
NOBODY = 65534
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32")
FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/dev/random",
)


def visible(folders: list[str]) -> list[str]:
    """Paths that programs may read: the system's libraries, a few devices, and `folders` (Python's own)."""
    named = [path for folder in folders for path in (folder, os.path.realpath(folder))]
    return [path for path in dict.fromkeys([*SYSTEM, *FILES, *named]) if os.path.exists(path)]


def become_nobody() -> None:
    """As root: take the user and group of nobody, which also gives up root's capabilities."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # or /proc/self, and with it the map of users, stays root's


def enter(folders: list[str], proc: int) -> None:
    """Move this process into its own namespaces; the next child is the first process of the new ones.

    Args:
        folders: what programs may read besides the system's libraries.
        proc: descriptor of /proc, which is gone from view once the root is changed.

    As root the new root is made before root's rights are given up: Python may lie where only root can go.
    """
    rest = kernel.NEW_NET | kernel.NEW_IPC | kernel.NEW_UTS | kernel.NEW_PID | kernel.NEW_NS
    rooted = False
    if os.geteuid() == 0:
        try:
            kernel.unshare(kernel.NEW_NS)
            change_root(folders)
            rooted = True
        except PermissionError:  # root of a container without CAP_SYS_ADMIN: go on as a user
            os.chdir("/")
        become_nobody()
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_USER | rest)
    map_to_nobody(proc, user, group)
    if not rooted:
        change_root(folders)


def map_to_nobody(proc: int, user: int, group: int) -> None:
    """In a new user namespace: be nobody, who is `user` outside."""
    _write(proc, "self/setgroups", "deny")
    _write(proc, "self/uid_map", f"{NOBODY} {user} 1")
    _write(proc, "self/gid_map", f"{NOBODY} {group} 1")


def _write(proc: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def change_root(folders: list[str]) -> None:
    """Make a root that shows only what `visible` names, read-only, and an empty place for `WORK`."""
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    links, trees = dict[str, str](), dict[str, int]()
    for path in sorted(visible(folders), key=len):
        if os.path.islink(path) and not stat.S_ISREG(os.stat(path).st_mode):
            links[path] = os.readlink(path)
        elif not any(path.startswith(f"{other}/") for other in trees):
            trees[path] = kernel.clone_tree(path)
    files = {path for path in trees if not os.path.isdir(path)}
    root = "/tmp"  # only a place to mount at: what is to be seen is held by descriptors
    kernel.mount("tmpfs", root, "tmpfs", kernel.MS_NOSUID, "size=1m,nr_inodes=4096,mode=755")
    os.umask(0o022)
    for path, tree in trees.items():
        _make(root + path, path in files)
        kernel.attach_tree(tree, root + path)
    for path, target in links.items():
        if not os.path.lexists(root + path):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            os.symlink(target, root + path)
    os.makedirs(root + WORK)
    kernel.pivot_root(root)
    kernel.mount(None, "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID)


def _make(path: str, is_file: bool) -> None:
    os.makedirs(os.path.dirname(path) if is_file else path, exist_ok=True)
    if is_file:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def mount_work(size_bytes: int, n_files: int) -> None:
    """Mount an empty work folder of bounded size."""
    options = f"size={size_bytes},nr_inodes={n_files + 1},mode=700,uid={NOBODY},gid={NOBODY}"
    kernel.mount("tmpfs", WORK, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)


def n_files(work: str) -> int:
    """Files and folders in a work folder that is a file system of its own."""
    space = os.statvfs(work)
    return space.f_files - space.f_ffree - 1


def is_pristine(work: str, born_ns: int) -> bool:
    """Whether nothing was ever made, changed or left in the work folder since it was mounted."""
    seen, space = os.stat(work), os.statvfs(work)
    return (
        stat.S_IMODE(seen.st_mode) == 0o700
        and not os.listdir(work)
        and seen.st_ctime_ns == seen.st_mtime_ns == born_ns
        and space.f_files - space.f_ffree == 1
        and space.f_bfree == space.f_blocks
    )


def shown_pid(proc: int, descriptor: int) -> int | None:
    """Number under which `proc` shows the process of a pidfd of ours; None where it cannot be told."""
    try:
        with open(os.open(f"self/fdinfo/{descriptor}", os.O_RDONLY, dir_fd=proc)) as lines:
            found = [int(line.split()[1]) for line in lines if line.startswith("Pid:")]
    except (OSError, ValueError):
        return None
    return found[0] if found and found[0] > 0 else None


def waited_s(proc: int, pid: int) -> float | None:
    """Seconds that the threads of a process were ready to run but had no processor; None where unknown."""
    total = 0
    try:
        tasks = os.open(f"{pid}/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
        try:
            for task in os.listdir(tasks):
                with open(os.open(f"{task}/schedstat", os.O_RDONLY, dir_fd=tasks)) as lines:
                    total += int(lines.read().split()[1])
        finally:
            os.close(tasks)
    except (OSError, ValueError, IndexError):
        return None
    return total / 1e9


def pack_limits(size_bytes: int, n_files: int) -> bytes:
    """How a program process asks the zygote for a work folder of this size."""
    return struct.pack("<qq", size_bytes, n_files)
