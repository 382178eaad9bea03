"""A reward model, trained on pairs: what it learns, what it leaves out, and what its folder says."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from r1data.errors import ConfigError, GateError
from r1data.generate.models import read_folder
from r1data.recipe import Student
from r1data.train.exports import Export
from r1data.train.preference import Reading, models_of, prefers_of, reading_of, reward_of
from r1data.train.student import TrainedStudent, make_current, train_student
from tests.train.reward_pairs import STUDENT, pairs_export, prompts_export

pytestmark = pytest.mark.slow

N_PAIRS = 80


@pytest.fixture(scope="module")
def trained(
    tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TrainedStudent, Export]]:
    """A reward model of 60 pairs, tested by 20."""
    home = tmp_path_factory.mktemp("reward")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setenv("OMP_NUM_THREADS", "1")
        rows = pairs_export(N_PAIRS, home / "exports")
        base = read_folder(tiny_model)
        yield train_student(STUDENT, rows, base=base, recipe_name="r", mix="select 1"), rows


def test_held_out_pairs_are_told_apart_and_length_does_not_tell_them(trained):
    student, _ = trained
    metrics = json.loads((student.model.path.parent / "metrics.json").read_text())
    heldout = metrics["heldout"]
    assert (metrics["n_rows"], heldout["n_pairs"]) == (60, 20)
    assert heldout["accuracy"] > 0.8 and heldout["low"] < heldout["accuracy"] <= heldout["high"]
    assert 0.2 < heldout["longer_is_better"] < 0.8
    assert student.curve[-1]["loss"] < student.curve[0]["loss"]
    assert {"accuracy", "margin", "learning_rate", "tokens"} < set(student.curve[-1])


def test_the_saved_folder_says_what_it_is_and_prefers_in_another_process(trained):
    folder = trained[0].model.path
    assert json.loads((folder / "config.json").read_text())["architectures"] == [
        "Qwen3ForSequenceClassification"
    ]
    assert reading_of(folder) == Reading("completion", 128)
    prompt = [{"role": "user", "content": "Is 907 a number?"}]
    texts = ["<think>It is.</think>yes", "<think>It is.</think>no", "<think>It is", "yes" * 100]
    better, worse, unanswered, long = prefers_of(folder)([prompt] * 4, texts)
    assert better > worse and unanswered == -math.inf and long is None
    assert reward_of(better) > 0.5 > reward_of(worse) and reward_of(unanswered) == 0


def test_a_number_is_that_of_trls_own_forward_pass_whatever_is_read_beside_it(trained):
    import torch

    from r1data.train.reader_child import Reader, numbers

    reader = Reader(trained[0].model.path)
    ids = [reader.tokenizer.encode("yes " * n) for n in (1, 30, 7, 300, 2)]
    with torch.no_grad():
        alone = [reader.model(input_ids=torch.tensor([one])).logits.item() for one in ids]
    assert numbers(reader.model, ids, pad_token_id=0) == pytest.approx(alone, abs=1e-4)


def test_pairs_that_are_too_long_or_read_alike_are_left_out_and_none_left_is_refused(tokenizer):
    from r1data.train.pairs import pairs

    def pair(chosen: str, rejected: str, n: int) -> dict:
        sides = {
            side: [{"role": "assistant", "content": text}]
            for side, text in (("chosen", chosen), ("rejected", rejected))
        }
        ids = {"chosen_id": f"c{n}", "rejected_id": f"r{n}"}
        return {"prompt": [{"role": "user", "content": f"{n}?"}], **sides, **ids}

    rows = [
        pair("<think>a</think>yes", "<think>b</think>no <|im_end|>", 1),
        pair("<think>a</think>yes", "<think>b</think>yes", 2),
        pair("<think>a</think>yes", "<think>b</think>" + "no" * 50, 3),
    ]
    read = pairs(rows, tokenizer, reading=Reading("answer", 100), heldout=0.0)
    assert [(one.rollout_id, one.n_tokens > 100) for one in read.too_long] == [("r3", True)]
    assert (len(read.train), read.n_alike) == (1, 1)
    text = tokenizer.decode(read.train[0].rejected)
    assert "think" not in text and "no <|im_end|><|im_end|>" in text
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert read.train[0].rejected.count(end) == 2, "of the two turns: what a text spells is letters"
    with pytest.raises(GateError, match="of 2 pairs 1 do not fit into 100 tokens, and 1 read alike"):
        pairs(rows[1:], tokenizer, reading=Reading("answer", 100), heldout=0.1)
    assert len(pairs(rows, tokenizer, reading=Reading(), heldout=0.9).train) == 1


def test_a_model_that_writes_is_no_reward_model(tiny_model: Path):
    with pytest.raises(ConfigError, match="holds Qwen3ForCausalLM, no reward model"):
        prefers_of(tiny_model)


def test_a_student_that_is_rewarded_by_a_reward_model_needs_it_and_no_other_does(
    trained, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    rewards = {"preference": {"student": "preferring"}}
    student = Student.model_validate({"name": "s", "base": "b", "trainer": "grpo", "rewards": rewards})
    with pytest.raises(ConfigError, match="Student preferring was never trained here"):
        models_of(student)
    make_current(trained[0])
    assert models_of(student)["preference"].revision == trained[0].model.revision
    assert models_of(student.model_copy(update={"trainer": "sft"})) == {}


def test_grpo_goes_by_a_reward_model_in_its_last_steps(
    trained, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    make_current(trained[0])
    grpo = {"steps": 3, "completions": 16, "prompts_per_step": 2, "max_tokens": 64}
    preference = {"student": "preferring", "last_steps": 1}
    student = Student.model_validate(
        {
            "name": "policy",
            "base": "tiny",
            "trainer": "grpo",
            "grpo": grpo,
            "rewards": {"weights": {"accuracy": 1}, "preference": preference},
        }
    )
    rows = prompts_export(4, tmp_path / "exports")
    base, models = read_folder(tiny_model), models_of(student)
    policy = train_student(student, rows, base=base, models=models, recipe_name="r", mix="select 1")
    assert ["reward/preference" in point for point in policy.curve] == [False, False, True]
    assert 0 < policy.curve[-1]["reward/preference"] < 1
