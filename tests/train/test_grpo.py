"""GRPO runs as a job: its numbers come back, a killed one goes on, and an alarm stops it with a reason."""

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from r1data.errors import TrainError
from r1data.generate.models import resolve
from r1data.recipe import Alarms, ExportRules, Grpo, Rewards, Student
from r1data.train.exports import About, Export, Policy, export
from r1data.train.job import OnProgress, Progress
from r1data.train.student import TrainedStudent, train_student

pytestmark = pytest.mark.slow

STEPS = 4
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


def test_every_step_tells_its_numbers_and_the_student_is_saved(home: Path, tiny_model: Path, prompts: Export):
    seen: list[Progress] = []
    trained = train(prompts, tiny_model, on_progress=seen.append)
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
    assert [of_a_rollout <= set(one.numbers) for one in seen] == [True, False, True, False]
    assert trained.row["first_reward"] == seen[0].numbers["reward"]
    assert (trained.row["n_rows"], trained.row["n_rows_too_long"]) == (9, 1)
    assert trained.model.revision != resolve(str(tiny_model)).revision
    folder = trained.model.path.parent
    (long,) = map(orjson.loads, (folder / "too_long.jsonl").read_bytes().splitlines())
    assert long["rollout_id"] == "p8"
    written = orjson.loads((folder / "written.jsonl").read_bytes().splitlines()[0])
    assert written["step"] == 0 and written["prompt"].startswith("<|im_start|>user\n")
    assert set(written["reasons"]) == {"accuracy"}
    assert train(prompts, tiny_model).cached


def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(
    home: Path, tiny_model: Path, prompts: Export
):
    # From step 4 on the reference is the model of then, which no checkpoint of TRL's has beside the weights.
    grpo = GRPO.model_copy(update={"steps": 12, "replace_reference_every": 4, "kl": 0.5})
    ending = Rewards(overlong="zero", weights={"language": 1})  # random weights can be told to come to an end
    given = {"grpo": grpo, "rewards": ending}
    whole = train(prompts, tiny_model, STUDENT.model_copy(update=given | {"name": "whole"}))
    assert whole.curve[0]["reward_std"] > 0 and whole.curve[-1]["kl"] > 0
    broken = STUDENT.model_copy(update=given | {"name": "broken"})

    def break_off(progress: Progress) -> None:
        if progress.step == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(prompts, tiny_model, broken, break_off)
    seen: list[Progress] = []
    resumed = train(prompts, tiny_model, broken, seen.append)
    assert [one.step for one in seen] == list(range(9, 13))
    curves = [
        [{name: n for name, n in point.items() if name != "step_s"} for point in one.curve]
        for one in (whole, resumed)
    ]
    assert curves[0] == curves[1]
    written = (resumed.model.path.parent / "written.jsonl").read_bytes()
    assert written == (whole.model.path.parent / "written.jsonl").read_bytes()


def test_an_alarm_stops_the_run_and_says_which(home: Path, tiny_model: Path, prompts: Export):
    # Random weights never end a completion, so all of them hit the cap.
    nervous = GRPO.model_copy(update={"steps": 30, "alarms": Alarms(window=2, clipped=0.01)})
    with pytest.raises(TrainError, match=r"alarm at step 7: .* of completions .* hit the cap"):
        train(prompts, tiny_model, STUDENT.model_copy(update={"name": "alarmed", "grpo": nervous}))
    assert not list(home.glob("students/alarmed-*/student.json"))


def test_r1_zeros_template_asks_in_plain_text_and_stays_with_the_student(
    home: Path, tiny_model: Path, prompts: Export
):
    zero = GRPO.model_copy(
        update={"template": "r1_zero", "max_prompt_tokens": 600, "steps": 1, "max_tokens": 4}
    )
    trained = train(prompts, tiny_model, STUDENT.model_copy(update={"name": "zero", "grpo": zero}))
    written = orjson.loads((trained.model.path.parent / "written.jsonl").read_bytes().splitlines()[0])
    assert written["prompt"].startswith("A conversation between User and Assistant.")
    assert written["prompt"].endswith("? Assistant:") or written["prompt"].endswith(". Assistant:")
    assert trained.model.chat_template is not None
    assert trained.model.chat_template.startswith("A conversation between User and Assistant.")
