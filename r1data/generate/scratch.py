"""Models from nothing: random weights that a student starts from, made here when they are first asked for.

    base = "scratch:chars"     # of a student: 0.8 million weights, one token per ASCII character

They know nothing, so whatever such a student can do, its traces taught it: tests, the toy loop and
`bench.tiny` measure trainers with it in seconds. Weights, tokenizer and template are the same wherever they
are made with the same versions of torch and transformers.
"""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from r1data import paths
from r1data.errors import ConfigError
from r1data.process import last_line, run_module

SCRATCH = "scratch:"
NAMES = ("chars",)
"""Models that `scratch_child` makes."""


def scratch_folder(name: str, *, anew: bool = False) -> Path:
    """The folder of a model from nothing; a second process that makes it at the same time waits.

    Args:
        name: one of NAMES.
        anew: replace the one that is here.

    Raises:
        ConfigError: there is no such model, or what makes it is not installed.
    """
    if name not in NAMES:
        raise ConfigError(f"There is no model {SCRATCH}{name}. There is {SCRATCH}{', '.join(NAMES)}.")
    folder = paths.models() / f"scratch-{name}"
    if (folder / "config.json").is_file() and not anew:
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if anew or not (folder / "config.json").is_file():
            _make(name, folder)
    return folder


def _make(name: str, folder: Path) -> None:
    for module in ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            raise ConfigError(
                f"Making {SCRATCH}{name} needs {module}: install r1data with its extra `cpu` or `gpu`."
            )
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        made = Path(temporary) / "model"
        done = run_module("r1data.generate.scratch_child", name, str(made))
        if done.returncode:
            raise ConfigError(f"{SCRATCH}{name} could not be made: {last_line(done.stderr)}.")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(made, folder)
