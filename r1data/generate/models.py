"""Model folders: where the weights are, and what they are called.

    >>> resolve("embedded:smollm2-135m-instruct").context_tokens
    8192

Weights are safetensors only, and no model brings code of its own: a folder that does is refused, unless the
teacher says `allow_model_code = true`. Then the code runs with the rights of whoever runs r1data.
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import xxhash

from r1data import paths
from r1data.errors import ConfigError, InputError, OfflineError, first_line
from r1data.generate.scratch import SCRATCH, scratch_folder
from r1data.ids import digest
from r1data.prompts.worked import WORDING

EMBEDDED = "embedded:"
STUDENT = "student:"
CURRENT = "current"
"""Folder of links to the students that count, in `paths.students()`."""
PROGRAM = "program:"
ELSEWHERE = ("fake:", "api:", "replay:", PROGRAM)
"""Models without files here: scripted, behind an API, known by the completions that they left, a program."""
HUB_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "tokenizer.model")
"""What is taken of a hub repository: weights, configuration, tokenizer."""
HUB_CODE = ("*.py", "*.bin", "*.pt")
"""What is taken besides, if the model may bring code."""
OWN_TEMPLATE = "its own"
"""Chat template of a model without files here: whoever runs it renders."""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REFUSED = ("*.py", "*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt", "*.h5", "*.msgpack", "*.gguf")
_PICKLED = ("*.bin", "*.pt")
_NEVER_LOADED = {"training_args.bin"}  # trainers leave it beside the weights; nothing here opens it
_HASHED_TEXTS = (
    "tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja",
)  # fmt: skip
_HASHED_JSON = ("config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json")
_VOLATILE = {"transformers_version", "_name_or_path", "name_or_path", "is_local", "local_files_only"}


@dataclass(frozen=True)
class ModelFolder:
    """A checked model on this machine."""

    path: Path
    revision: str
    """Hash of weights, tokenizer, configuration and template (`revision_of`); for a hub id its commit."""
    chat_template: str | None
    """The template that an engine renders messages with, in Jinja; None when the model brings none."""
    context_tokens: int | None
    """Prompt and completion together that the model was made for; None when it does not say."""
    allow_code: bool = False
    """Whether code and pickled weights that it brings may be loaded."""


def resolve(model: str, revision: str | None = None, *, allow_code: bool = False) -> ModelFolder:
    """Find a model on this machine; nothing is downloaded.

    Args:
        model: `embedded:<name>`, `scratch:<name>` (made when it is not here), `student:<name>` (as it was
            trained last), a folder, a hub id (`owner/name`), or a model without files here: `fake:<word>` of
            the scripted engine, `program:<share>`, `api:<name>` as servers know it, `replay:<name>`.
        revision: commit of a hub id, or version of a model without files; contents name all others.
        allow_code: take a model that brings code or pickled weights.

    Raises:
        OfflineError: the model was never fetched; the message says how to fetch it.
        ConfigError: there is no such model, or it would run code or unpickle weights.
        InputError: files are missing or cut off.
    """
    if model.startswith(ELSEWHERE):
        version = f"wording-{WORDING}" if model.startswith(PROGRAM) else revision or digest(model)
        return ModelFolder(Path(model), version, OWN_TEMPLATE, None)
    folder = folder_of(model, revision, allow_code=allow_code)
    here = model.startswith((EMBEDDED, SCRATCH, STUDENT)) or Path(model).expanduser().is_dir()
    return read_folder(folder, None if here else revision, allow_code=allow_code)


def folder_of(model: str, revision: str | None = None, *, allow_code: bool = False) -> Path:
    """The folder of a model that has files, as `resolve` finds it; what it holds is not looked at."""
    if model.startswith(EMBEDDED):
        return _embedded(model)
    if model.startswith(SCRATCH):
        return scratch_folder(model.removeprefix(SCRATCH))
    if model.startswith(STUDENT):
        return student_folder(model.removeprefix(STUDENT))
    if Path(model).expanduser().is_dir():
        return Path(model).expanduser().resolve()
    return hub_snapshot(model, revision, allow_code=allow_code)


def student_folder(name: str) -> Path:
    """The folder of the student that was trained last under a name.

    Raises:
        ConfigError: none was, or it is gone.
    """
    link = paths.students() / CURRENT / name
    if not link.is_dir():
        raise ConfigError(f"Student {name} was never trained here. Train it: `r1data train {name}`.")
    return link.resolve()


def embedded_folder(name: str) -> Path:
    """Where an embedded model is kept once it is fetched."""
    return paths.models() / name


def read_folder(path: Path, revision: str | None = None, *, allow_code: bool = False) -> ModelFolder:
    """Check a folder with config.json, a tokenizer and *.safetensors; `revision` replaces the hash.

    Raises:
        ConfigError: it holds code or pickled weights that are not allowed, or no model at all.
        InputError: a file is missing or cut off.
    """
    check_folder(path, allow_code=allow_code)
    config = _json(path / "config.json")
    tokens = config.get("max_position_embeddings") or config.get("text_config", {}).get(
        "max_position_embeddings"
    )
    return ModelFolder(path, revision or revision_of(path), _chat_template(path), tokens, allow_code)


def check_folder(path: Path, *, allow_code: bool = False) -> None:
    """Refuse a folder that is no complete model, or that could run code when it is loaded."""
    if not (path / "config.json").is_file():
        raise ConfigError(
            f"{path} has no config.json. A model folder has config.json, a tokenizer and *.safetensors."
        )
    for name in ("config.json", "tokenizer_config.json"):
        if (path / name).is_file():
            _check_auto_map(path / name, allow_code=allow_code)
    if not allow_code:
        _refuse_code(path)
    for file in _weights(path):
        if file.suffix == ".safetensors":
            _check_safetensors(file)
    if not any((path / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError(f"{path} has no tokenizer (tokenizer.json). {_mend(path)}")


def _check_auto_map(file: Path, *, allow_code: bool) -> None:
    code = _json(file).get("auto_map")
    if code is not None and not allow_code:
        raise ConfigError(
            f"{file} has `auto_map`, which loads code from the model. Use a copy without that key, if the "
            "architecture is one that transformers knows, or give the teacher `allow_model_code = true`."
        )
    if "--" in orjson.dumps(code).decode():  # `owner/name--module.Class`, at no commit
        raise ConfigError(
            f"{file} takes code from another repository: {code}. Copy that code into the folder and name it "
            "in `auto_map` without `--`."
        )


def _refuse_code(path: Path) -> None:
    for pattern in _REFUSED:
        for file in sorted(path.glob(pattern)):
            if file.name not in _NEVER_LOADED:
                raise ConfigError(
                    f"{file} is code or pickled weights. Use a copy of the model with safetensors only, or "
                    "give the teacher `allow_model_code = true`."
                )


def revision_of(path: Path) -> str:
    """XXH3-128 over weights, tokenizer, configuration, template and code, without what only tells who saved
    them.

    270 MB take 0.1 s when they are in the page cache; larger models are as fast as the disk.
    """
    hasher = xxhash.xxh3_128()
    for name in _HASHED_JSON:
        if (path / name).is_file():
            content = {key: value for key, value in _json(path / name).items() if key not in _VOLATILE}
            hasher.update(orjson.dumps([name, content], option=orjson.OPT_SORT_KEYS))
    texts = [path / name for name in _HASHED_TEXTS if (path / name).is_file()]
    for file in [*texts, *_weights(path), *sorted(path.glob("*.py"))]:
        hasher.update(orjson.dumps([file.name, file.stat().st_size]))
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                hasher.update(block)
    return hasher.hexdigest()


def hub_snapshot(
    model: str, revision: str | None, *, local_only: bool = True, allow_code: bool = False
) -> Path:
    """The snapshot folder of a hub id at a pinned commit.

    Raises:
        ConfigError: `model` is no hub id, or `revision` is no commit.
        OfflineError: it is not in the cache, and (unless `local_only`) the hub does not answer.
    """
    if not _HUB_ID.fullmatch(model):
        raise ConfigError(f"{model} is no model: neither a folder, nor `{EMBEDDED}<name>`, nor a hub id.")
    if not _COMMIT.fullmatch(revision or ""):
        raise ConfigError(
            f"{model} is no folder here. If it is a hub id, pin it: `revision` must be a commit of 40 hex "
            "digits, since branches and tags move."
        )
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{model} is a hub id, which needs huggingface_hub: install r1data[cpu] or [gpu]."
        ) from error
    try:
        folder = snapshot_download(
            model,
            revision=revision,
            allow_patterns=[*HUB_FILES, *(HUB_CODE if allow_code else ())],
            local_files_only=local_only,
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        command = f"r1data model fetch {model} --revision {revision}"
        raise OfflineError(
            f"{model} at {revision} is not in the hub cache ({first_line(error)}). Run `{command}` on a "
            "machine with network, then copy its hub cache (HF_HOME) here."
        ) from error
    return Path(folder)


def _embedded(model: str) -> Path:
    folder = embedded_folder(model.removeprefix(EMBEDDED))
    if not folder.is_dir():
        raise OfflineError(
            f"{model} is not in {folder}. Run `r1data model fetch`; without network here, run it on a "
            f"machine that has network and copy its dagster_home/models/{folder.name} to {folder}."
        )
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} has no config.json. {_mend(folder)}")
    return folder


def _weights(path: Path) -> list[Path]:
    files = sorted(path.glob("*.safetensors"))
    index = path / "model.safetensors.index.json"
    named = set(_json(index)["weight_map"].values()) if index.is_file() else set()
    if missing := sorted(named - {file.name for file in files}):
        raise InputError(f"{path} lacks {', '.join(missing)}, which {index.name} names. {_mend(path)}")
    if not files:  # pickled weights come here only if they are allowed
        found = (file for pattern in _PICKLED for file in path.glob(pattern))
        files = sorted(file for file in found if file.name not in _NEVER_LOADED)
    if not files:
        raise InputError(f"{path} has no *.safetensors. {_mend(path)}")
    return files


def _check_safetensors(file: Path) -> None:
    """Compare a file's size with what its header promises (https://huggingface.co/docs/safetensors)."""
    with file.open("rb") as stream:
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        header = stream.read(length) if length <= 100_000_000 else b""  # the format's own bound
    try:
        tensors = orjson.loads(header)
        end = max(tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__")
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} is no safetensors file. {_mend(file.parent)}") from error
    if file.stat().st_size != 8 + length + end:
        raise InputError(
            f"{file} is cut off: {file.stat().st_size} of {8 + length + end} bytes. {_mend(file.parent)}"
        )


def _chat_template(path: Path) -> str | None:
    if (path / "chat_template.jinja").is_file():
        return (path / "chat_template.jinja").read_text(encoding="utf-8")
    config = path / "tokenizer_config.json"
    found = _json(config).get("chat_template") if config.is_file() else None
    if isinstance(found, list):  # several named templates, in files of older tokenizers
        return next((entry["template"] for entry in found if entry["name"] == "default"), None)
    return found


def _json(file: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError(f"{file} is no JSON: {error}. {_mend(file.parent)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} is no JSON object. {_mend(file.parent)}")
    return content


def _mend(path: Path) -> str:
    if path.parent == paths.models():
        return "Run `r1data model fetch`, which replaces it."
    return "Copy the model again."
