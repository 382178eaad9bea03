"""Unpack a GGUF model to bfloat16 safetensors.

`python -m r1data.generate.convert_child FILE FOLDER END_TOKEN`
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig


def convert(gguf: Path, folder: Path, end_token: str) -> None:
    """Write model, tokenizer and the chat template that the GGUF file carries.

    Raises:
        ValueError: tokenizer and model do not both end a turn at `end_token`, or there is no chat template.
    """
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    end_id = tokenizer.convert_tokens_to_ids(end_token)
    found = {tokenizer.eos_token_id, model.config.eos_token_id, model.generation_config.eos_token_id}
    if found != {end_id}:
        raise ValueError(f"end tokens are {found}, not {end_id} ({end_token})")
    if not tokenizer.chat_template:
        raise ValueError(f"{gguf.name} carries no chat template")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
