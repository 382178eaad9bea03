"""GRPO runs as a job: its numbers come back, a killed one goes on, and an alarm stops it with a reason."""

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from r1data.errors import TrainError
from r1data.generate.models import resolve
from r1data.recipe import Alarms, ExportRules, Grpo, Rewards, Student
from r1data.train import r1_zero
from r1data.train.exports import About, Export, Policy, export
from r1data.train.job import OnProgress, Progress
from r1data.train.student import TrainedStudent, train_student

pytestmark = pytest.mark.slow

STEPS = 8
GRPO = Grpo(
    steps=STEPS,
    completions=4,
    prompts_per_step=2,
    prompts_per_rollout=4,
    max_tokens=24,
    max_prompt_tokens=60,
    learning_rate=1e-3,
    kl=0.01,
)
STUDENT = Student(
    name="rl",
    base="tiny",
    trainer="grpo",
    grpo=GRPO,
    rewards=Rewards(overlong="zero", weights={"accuracy": 1}),
)
# From step 4 on the reference is the model of then, which no checkpoint of TRL's has beside the weights.
ZERO = STUDENT.model_copy(
    update={
        "grpo": GRPO.model_copy(
            update={
                "replace_reference_every": 4,
                "kl": 0.5,
                "template": "r1_zero",
                "max_prompt_tokens": len(r1_zero.TEMPLATE.partition("{%")[0]) + 60,
            }
        ),
        # random weights can be told to come to an end
        "rewards": Rewards(overlong="zero", weights={"language": 1}),
    }
)
"""Trained twice, by name: `whole` and, killed on its way, `broken`."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("DAGSTER_HOME", str(folder))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield folder


@pytest.fixture(scope="module")
def prompts(home: Path) -> Export:
    """Sums, one of them too long, and one that spells the end of a turn."""
    texts = [*(f"What is {i} + {i}?" for i in range(8)), "What is 1 + 1? " * 6, "Say <|im_end|>."]
    rows = pl.DataFrame(
        [
            {
                "prompt_id": f"p{i}",
                "messages": [{"role": "user", "content": text}],
                "verifier": "math",
                "reference": str(2 * i),
                "verifier_args": "{}",
                "language": "en",
                "domain": "math",
                "source": "sums",
                "pass_rate": 0.5,
                "licence": "CC0-1.0",
            }
            for i, text in enumerate(texts)
        ]
    )
    policy = Policy(ExportRules(licences=("*",), keep_pii=True), None)
    return export([rows], home / "exports", form="grpo", policy=policy, about=About())


def train(
    export: Export, base: Path, student: Student = STUDENT, on_progress: OnProgress = lambda _: None
) -> TrainedStudent:
    return train_student(
        student,
        export,
        base=resolve(str(base)),
        recipe_name="test",
        mix="select 1",
        on_progress=on_progress,
    )


@pytest.fixture(scope="module")
def whole(home: Path, tiny_model: Path, prompts: Export) -> tuple[TrainedStudent, list[Progress]]:
    """A student whose training nobody broke off, and what it told."""
    seen: list[Progress] = []
    return train(prompts, tiny_model, named("whole"), seen.append), seen


def named(name: str) -> Student:
    return ZERO.model_copy(update={"name": name})


def lines(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_every_step_tells_its_numbers_and_the_student_is_saved(
    whole: tuple[TrainedStudent, list[Progress]], tiny_model: Path, prompts: Export
):
    trained, seen = whole
    assert [(one.step, one.steps) for one in seen] == [(n, STEPS) for n in range(1, STEPS + 1)]
    assert {"loss", "learning_rate", "entropy", "kl", "step_s"} <= set(seen[1].numbers)
    of_a_rollout = {
        "reward",
        "reward/missing",
        "clipped",
        "equal_groups",
        "thought_tokens",
        "reflection_words",
    }
    assert [of_a_rollout <= set(one.numbers) for one in seen] == [True, False] * (STEPS // 2)
    assert trained.row["first_reward"] == seen[0].numbers["reward"]
    assert (trained.row["n_rows"], trained.row["n_rows_too_long"]) == (9, 1)
    assert trained.model.revision != resolve(str(tiny_model)).revision
    (long,) = lines(trained.model.path.with_name("too_long.jsonl"))
    assert long["rollout_id"] == "p8"
    written = lines(trained.model.path.with_name("written.jsonl"))[0]
    assert written["step"] == 0 and set(written["reasons"]) == {"language"}
    assert train(prompts, tiny_model, named("whole")).cached


def test_r1_zeros_template_asks_in_plain_text_and_stays_with_the_student(
    whole: tuple[TrainedStudent, list[Progress]],
):
    model = whole[0].model
    asked = lines(model.path.with_name("written.jsonl"))[0]["prompt"]
    assert asked.startswith("A conversation between User and Assistant.")
    assert asked.endswith("? Assistant:") or asked.endswith(". Assistant:")
    assert model.chat_template is not None
    assert model.chat_template.startswith("A conversation between User and Assistant.")


def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(
    whole: tuple[TrainedStudent, list[Progress]], tiny_model: Path, prompts: Export
):
    undisturbed = whole[0]
    assert undisturbed.curve[0]["reward_std"] > 0 and undisturbed.curve[-1]["kl"] > 0

    def break_off(progress: Progress) -> None:
        if progress.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(prompts, tiny_model, named("broken"), break_off)
    seen: list[Progress] = []
    resumed = train(prompts, tiny_model, named("broken"), seen.append)
    assert [one.step for one in seen] == list(range(5, STEPS + 1))
    curves = [
        [{name: n for name, n in point.items() if name != "step_s"} for point in one.curve]
        for one in (undisturbed, resumed)
    ]
    assert curves[0] == curves[1]
    written = resumed.model.path.with_name("written.jsonl").read_bytes()
    assert written == undisturbed.model.path.with_name("written.jsonl").read_bytes()


def test_an_alarm_stops_the_run_and_says_which(home: Path, tiny_model: Path, prompts: Export):
    # Random weights never end a completion, so all of them hit the cap.
    nervous = GRPO.model_copy(update={"steps": 30, "alarms": Alarms(window=2, clipped=0.01)})
    with pytest.raises(TrainError, match=r"alarm at step 7: .* of completions .* hit the cap"):
        train(prompts, tiny_model, STUDENT.model_copy(update={"name": "alarmed", "grpo": nervous}))
    assert not list(home.glob("students/alarmed-*/student.json"))
    (folder,) = home.glob("students/alarmed-*")
    assert [long["rollout_id"] for long in lines(folder / "too_long.jsonl")] == ["p8"]
    written = lines(folder / "written.jsonl")[0]
    assert written["prompt"].startswith("<|im_start|>user\n"), "the base's own template"
    assert set(written["reasons"]) == {"accuracy"}
