"""A model and a tokenizer small enough to train in seconds, and rows for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.lake import Lake
from r1data.recipe import ExportRules
from r1data.train.exports import About, Export, Policy, export
from tests.sql.conftest import night_of_five, publish

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
def export_rows() -> Callable[[pl.DataFrame, Path], Export]:
    """Exports rows for a student; personal data and licences are of no interest."""
    return _export_rows


def _export_rows(rows: pl.DataFrame, folder: Path) -> Export:
    policy = Policy(ExportRules(licences=("*", "not stated"), keep_pii=True), None)
    return export([rows], folder, form="trl", policy=policy, about=About())


@pytest.fixture(scope="session")
def mix_rows() -> Callable[[int], pl.DataFrame]:
    """A mix's rows: sums of small numbers, each with a short thought."""
    return _mix_rows


def _mix_rows(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "rollout_id": f"{i:032x}",
                "prompt_id": f"p{i % 10}{i // 10}",
                "night": "2026-01-01",
                "messages": [{"role": "user", "content": f"What is {i % 10} + {i // 10}?"}],
                "reasoning": f"{i % 10} + {i // 10} = {i % 10 + i // 10}.",
                "answer": str(i % 10 + i // 10),
                "completion_tokens": 20,
                "domain": "math",
                "source": "sums",
                "language": "en",
                "licence": "CC0-1.0" if i % 2 else None,
                "terms": "Apache-2.0",
            }
            for i in range(n)
        ],
        schema_overrides={"licence": pl.String},
    )


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five rollouts at two prompts: a and e accepted, b a copy of a, c wrong, d cut off. Read only."""
    lake = Lake(tmp_path_factory.mktemp("mixes") / "lake")
    publish(lake, night_of_five())
    return lake
