"""TRL prepares the exports that are meant for it: the tokens that it trains are the texts that went in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from r1data.train.exports import Export
from tests.train.exports.conftest import pairs, prompts, traces

pytestmark = pytest.mark.slow
Written = Callable[..., Export]
PLAIN = {"reasoning": "1 + 1 = 2.", "answer": "It is 2."}
ASKED = [{"role": "user", "content": "What is 1 + 1?"}]
WHOLE = (
    "<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n<|im_start|>assistant\n"
    "<think>\n1 + 1 = 2.\n</think>\n\nIt is 2.<|im_end|>\n"
)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def dataset(made: Export, tmp_path: Path) -> Any:
    return datasets.load_dataset(str(made.folder), split="train", cache_dir=str(tmp_path / "cache"))


def settings(tmp_path: Path) -> dict[str, Any]:
    return {"output_dir": str(tmp_path / "run"), "report_to": [], "use_cpu": True, "bf16": False}


@pytest.mark.parametrize("form", ["trl", "messages", "openai"])
def test_sft_reads_whole_conversations(
    written: Written, tiny_model: Path, tokenizer: Any, tmp_path: Path, form: str
):
    from trl import SFTConfig, SFTTrainer

    rows = traces(2, messages=ASKED, **PLAIN)
    trainer = SFTTrainer(
        model=str(tiny_model),
        args=SFTConfig(**settings(tmp_path), max_length=None),
        train_dataset=dataset(written(form, rows=rows), tmp_path),
        processing_class=tokenizer,
    )
    row = trainer.train_dataset[0]
    assert tokenizer.decode(row["input_ids"]) == WHOLE
    batch = trainer.data_collator([dict(row)])
    trained = tokenizer.decode([int(token) for token in batch["labels"][0] if token != -100])
    assert trained == (WHOLE.partition("assistant\n")[2] if form == "trl" else WHOLE)


def test_dpo_reads_prompt_chosen_and_rejected(
    written: Written, tiny_model: Path, tokenizer: Any, tmp_path: Path
):
    from trl import DPOConfig, DPOTrainer

    said = {f"{which}_{name}": text for which in ("chosen", "rejected") for name, text in PLAIN.items()}
    rows = pairs(2, messages=ASKED, **(said | {"rejected_answer": "It is 3."}))
    trainer = DPOTrainer(
        model=str(tiny_model),
        args=DPOConfig(**settings(tmp_path), max_length=None),
        train_dataset=dataset(written("dpo", rows=rows), tmp_path),
        processing_class=tokenizer,
    )
    row = trainer.train_dataset[0]
    ids = {name: tokenizer.decode(row[name]) for name in row if name.endswith("_ids") and name[-4] != "n"}
    assert ids["prompt_ids"] + ids["chosen_ids"] == WHOLE
    assert ids["rejected_ids"] == ids["chosen_ids"].replace("2.<", "3.<")


@pytest.mark.filterwarnings("ignore")  # of libraries that TRL imports
def test_grpo_passes_the_columns_of_a_row_to_its_reward(
    written: Written, tiny_model: Path, tokenizer: Any, tmp_path: Path
):
    from trl import GRPOConfig, GRPOTrainer

    seen: list[dict[str, Any]] = []

    def reward(**given: Any) -> list[float]:
        seen.append(given)
        return [0.0] * len(given["prompts"])

    trainer = GRPOTrainer(
        model=str(tiny_model),
        reward_funcs=reward,
        args=GRPOConfig(
            **settings(tmp_path),
            num_generations=2,
            per_device_train_batch_size=2,
            max_completion_length=4,
            max_steps=1,
            save_strategy="no",
        ),
        train_dataset=dataset(written("grpo", rows=prompts(2, messages=ASKED)), tmp_path),
        processing_class=tokenizer,
    )
    trainer.train()
    assert seen[0]["prompts"][0] == ASKED
    assert seen[0]["verifier"] == ["math", "math"]
    assert set(seen[0]["reference"]) <= {"1", "2"}
    assert seen[0]["verifier_args"] == ["{}", "{}"]
    assert seen[0]["language"] == ["en", "en"]
