"""Pairs that a tiny model tells apart in seconds: the better answer says `yes`, the worse one `no`."""

from pathlib import Path

import polars as pl

from r1data.recipe import ExportRules, Student
from r1data.train.exports import About, Export, Policy, export

STUDENT = Student.model_validate(
    {
        "name": "preferring",
        "base": "tiny",
        "trainer": "reward_model",
        "reward_model": {
            "learning_rate": 3e-3,
            "epochs": 2,
            "batch_size": 8,
            "max_tokens": 128,
            "heldout": 0.25,
            "bf16": False,
        },
    }
)


def pair_rows(n: int) -> pl.DataFrame:
    """A mix's rows: n pairs, each of another prompt; in every second one the better trace is the longer."""
    return pl.DataFrame(
        [
            {
                "prompt_id": f"p{i}",
                "night": "2026-01-01",
                "messages": [{"role": "user", "content": f"Is {i} a number?"}],
                "chosen_id": f"{i:032x}",
                "chosen_reasoning": "It is." if i % 2 else "I know that it is.",
                "chosen_answer": "yes",
                "rejected_id": f"{n + i:032x}",
                "rejected_reasoning": "I know that it is." if i % 2 else "It is.",
                "rejected_answer": "no",
                "domain": "general",
                "source": "numbers",
                "licence": "CC0-1.0",
                "terms": "Apache-2.0",
            }
            for i in range(n)
        ]
    )


def pairs_export(n: int, folder: Path) -> Export:
    """Those rows as a trainer of reward models reads them."""
    return _export(pair_rows(n), folder, "dpo")


def prompts_export(n: int, folder: Path) -> Export:
    """Their prompts as GRPO reads them; no rule decides them."""
    rows = pair_rows(n).select("prompt_id", "night", "messages", "domain", "source", "licence")
    columns = {"verifier": "judge", "reference": None, "verifier_args": "{}"}
    return _export(rows.with_columns(**{name: pl.lit(one) for name, one in columns.items()}), folder, "grpo")


def _export(rows: pl.DataFrame, folder: Path, form: str) -> Export:
    policy = Policy(ExportRules(licences=("*",), keep_pii=True), None)
    return export([rows], folder, form=form, policy=policy, about=About())
