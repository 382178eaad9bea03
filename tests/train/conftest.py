"""A model and a tokenizer small enough to train in seconds, and rows for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """One token per ASCII character, and ChatML."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<|pad|>", "<|im_start|>", "<|im_end|>", "<unk>"]
    words = {word: i for i, word in enumerate([*special, "\n", *map(chr, range(32, 127))])}
    characters = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    characters.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    characters.decoder = decoders.Fuse()
    made = PreTrainedTokenizerFast(
        tokenizer_object=characters, pad_token="<|pad|>", eos_token="<|im_end|>", unk_token="<unk>"
    )
    made.add_tokens(["<|im_start|>"], special_tokens=True)
    made.chat_template = CHATML
    return made


@pytest.fixture(scope="session")
def tiny_model(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of about 100,000 random weights."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    folder = tmp_path_factory.mktemp("tiny") / "model"
    Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def mix_rows() -> Callable[[int], pl.DataFrame]:
    """A mix's rows: sums of small numbers, each with a short thought."""
    return _mix_rows


def _mix_rows(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "rollout_id": f"{i:032x}",
                "messages": [{"role": "user", "content": f"What is {i % 10} + {i // 10}?"}],
                "reasoning": f"{i % 10} + {i // 10} = {i % 10 + i // 10}.",
                "answer": str(i % 10 + i // 10),
                "completion_tokens": 20,
                "licence": "CC0-1.0" if i % 2 else None,
                "terms": "Apache-2.0",
            }
            for i in range(n)
        ],
        schema_overrides={"licence": pl.String},
    )
