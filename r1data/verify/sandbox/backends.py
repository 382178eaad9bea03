"""Ways to run the zygote, in the order in which they are tried."""

import shutil

from r1data.errors import ConfigError, SandboxError
from r1data.verify.sandbox import bubblewrap
from r1data.verify.sandbox.zygote import Zygote

BACKENDS = ("zygote", "bubblewrap", "unsafe")
"""`zygote` makes its own namespaces, `bubblewrap` has bwrap make them, `unsafe` has nothing but limits."""


def start(backend: str, work: str, files_bytes: int) -> tuple[str, Zygote]:
    """The back-end in use and its process; what works is found by trying.

    Args:
        backend: a name in BACKENDS, or `auto`.
        work: folder that programs may write to, for `unsafe`.
        files_bytes: size of the work folder, for `bubblewrap`.
    """
    if backend == "auto":
        return _first(files_bytes)
    if backend == "zygote":
        return backend, Zygote("namespaces", [], "")
    if backend == "bubblewrap":
        return backend, bubblewrap.start(files_bytes)
    if backend == "unsafe":
        return backend, Zygote("none", [], work)
    raise ConfigError(f"no sandbox back-end {backend!r}; there are auto, {', '.join(BACKENDS)}")


def _first(files_bytes: int) -> tuple[str, Zygote]:
    failures = []
    for backend in ("zygote", "bubblewrap"):
        try:
            return start(backend, "", files_bytes)
        except SandboxError as error:
            failures.append(f"{backend}: {error}")
    install = "" if shutil.which("bwrap") else " or install bubblewrap"
    raise SandboxError(
        f"no sandbox works here ({'; '.join(failures)}). Allow user namespaces (user.max_user_namespaces "
        f"above 0; in a container also unshare and mount in its seccomp profile){install}. The back-end "
        "`unsafe` runs programs with limits only."
    )
