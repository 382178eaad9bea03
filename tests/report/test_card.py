"""A model card says where a student comes from, what it cost and gained, and what to distrust."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from r1data.evaluate.contaminated import Contaminated
from r1data.evaluate.estimate import Estimate
from r1data.evaluate.metrics import Metrics
from r1data.evaluate.result import Fared, Result, SideEffect
from r1data.generate.models import ModelFolder
from r1data.recipe import Evaluate, ExportRules, Launch, Student
from r1data.report.card import model_card, write_card
from r1data.train.exports import Export, Policy, export
from r1data.train.job import Job
from r1data.train.run_key import settings_of
from r1data.train.student import TrainedStudent
from tests.train.exports.conftest import ABOUT, pairs, prompts, traces

SQL = "-- ```` is no fence\n-- </think> <script>\nselect 1\n"
WROTE = "<think>\n# No heading ```` | **b** <script>alert(1)</script>\n</think>\n\n7"
GAIN = Estimate(0.3, 0.2, 0.4)
CURVE = [
    {"step": 1, "loss": 1.5, "learning_rate": 1e-4, "tokens": 90},
    {"step": 7, "loss": 0.25, "learning_rate": 1e-5, "tokens": 900},
]
MEASURED = {"device": "cpu", "versions": {"torch": "2.13.0", "trl": "1.16.0"}}


def exported(folder: Path, student: Student, rows: pl.DataFrame | None = None) -> Export:
    form, made = {"sft": ("trl", traces), "grpo": ("grpo", prompts), "reward_model": ("dpo", pairs)}[
        student.trainer
    ]
    chosen = made(3) if rows is None else rows
    policy = Policy(ExportRules(licences=("*", "not stated"), terms=("*", "not stated"), keep_pii=True), None)
    about = replace(ABOUT, filters={"contamination": {"ngram_words": 10}})
    return export([chosen], folder / "exports", form=form, policy=policy, about=about)


def trained(
    folder: Path, student: Student, *, rows: pl.DataFrame | None = None, curve: Any = None, **metrics: Any
) -> TrainedStudent:
    """A finished job's folder, as a trainer leaves it."""
    made, job_folder = exported(folder, student, rows), folder / "students" / "tiny-k1"
    (job_folder / "model").mkdir(parents=True)
    job = Job(
        student=student.name,
        run_key="k1",
        trainer=student.trainer,
        folder=str(job_folder),
        rows=str(made.rows),
        base=str(folder / "base"),
        seed=student.seed,
        settings=settings_of(student),
        launch=student.launch.model_dump(mode="json"),
    )
    job.write()
    (job_folder / "metrics.json").write_text(json.dumps(MEASURED | metrics))
    written = {"prompt": "<|im_start|>user\n3 + 4?", "completion": WROTE, "reference": "7"}
    aside = {"step": 10, "reward": 2.0} if student.trainer == "grpo" else {}
    lines = [written | {"completion": f"early {n}"} for n in range(9)] if aside else []
    lines.append(written | aside)
    (job_folder / "written.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    row = {
        **{
            "student": student.name,
            "recipe": "night",
            "run_key": "k1",
            "revision": "s1",
            "base": student.base,
        },
        **{"mix_name": "shortest_correct", "mix": SQL, "trainer": student.trainer, "launcher": "slurm"},
        **{"seed": 5, "settings": json.dumps(job.settings), "inputs": json.dumps({"corpus": 4})},
        **{"n_rows": 28, "n_rows_too_long": 2, "steps": 7, "elapsed_s": 3599.8, "gpu_hours": 0.5},
        **{"first_loss": 1.5, "last_loss": 0.25, "peak_memory_bytes": 3 * 2**30},
        **{"first_reward": 0.5, "last_reward": 0.4},
    }
    model = ModelFolder(job_folder / "model", "s1", None, 512)
    return TrainedStudent(row, model, made, curve or CURVE, cached=False)


def fared(name: str, **changed: Any) -> Metrics:
    sure = Estimate(0.9, 0.8, 1.0)
    found = {"n_items": 100, "k": 4, "well_formed": 1.0, "cap_hit_rate": 0.0, "unknown_rate": 0.0}
    found["not_run_rate"] = 0.0
    means = {"mean_completion_tokens": 20.0, "mean_elapsed_s": 0.1}
    estimates = {"pass_at": {1: sure, 2: sure, 4: sure}, "cons_at_k": sure, "last_number": sure}
    names = {"student_id": name, "student": name, "benchmark": "heldout"}
    return Metrics(**(names | found | means | estimates | changed))


def result(
    *, gain: Estimate = GAIN, met: tuple[str, ...] = (), effect: Estimate | None = None, **changed: Any
) -> Result:
    """A student that is better than its base, unless it says otherwise."""
    models = {
        "student": Fared("tiny", fared("tiny", **changed), 2**20),
        "base": Fared("base", fared("base"), 2**20, gain=gain),
    }
    sides = (SideEffect("refusals", 40, GAIN, GAIN, effect, (0.0, 0.0)),) if effect else ()
    return Result(Evaluate(), models, Contaminated(100, met), sides)


def written(job: TrainedStudent, found: Result | None = None) -> str:
    return model_card(job, found)


SFT = Student(name="tiny", base="scratch:chars", seed=5)


@pytest.mark.parametrize(
    "fact",
    [
        "A student of scratch:chars, trained by sft on 28 traces that mix shortest\\_correct chose from all "
        "nights of recipe night. Weights `s1`, run `k1`.",
        "- Over base (base): +30.0 points (+20.0 … +40.0), better.",
        "Contamination: the training rows hold 0 of 100 items (0.0 %) of the benchmark.",
        "| CC0-1.0 | 3 |",
        "| MIT | 3 |",
        "| corpus | 4 |",
        "| keep | 2 |",
        "| contamination.ngram\\_words | 10 |",
        "| sft.learning\\_rate | 0.0001 |",
        "| sft.epochs | 2.0 |",
        "| seed | 5 |",
        "| launcher | slurm |",
        "| launch.processes | 4 |",
        "| loss | 1.5 | 0.25 |",
        "| GPU-hours | 0.5 |",
        "| seconds of training | 3,600 |",
        "| peak memory of the trainer, GiB | 3.0 |",
        "| trl | 1.16.0 |",
        "longer than it may read, which the trainer left out: 2.",
    ],
)
def test_the_card_says_what_went_in_how_at_what_cost_and_what_came_of_it(fact: str, tmp_path: Path):
    job = trained(tmp_path, SFT.model_copy(update={"launch": Launch(processes=4)}))
    assert fact in written(job, result())


def test_the_card_is_one_of_the_hub_with_its_curve_beside_it_and_the_weights(tmp_path: Path):
    job = trained(tmp_path, SFT.model_copy(update={"base": "embedded:smollm2-135m-instruct"}))
    path = write_card(job, result())
    front = ModelCard.load(path).data.to_dict()
    assert (front["base_model"], front["library_name"]) == (
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "transformers",
    )
    assert (front["language"], front["pipeline_tag"]) == (["en"], "text-generation")
    assert front["tags"] == ["reasoning", "r1data", "sft"] and "datasets" not in front
    assert path.parent == job.model.path and "](curve.png)" in path.read_text()
    assert (path.parent / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("base", "readme", "licence", "terms", "said"),
    [
        ("scratch:chars", None, "MIT", "MIT", "mit"),
        ("scratch:chars", None, "MIT", "Apache-2.0", None),
        ("scratch:chars", None, None, "MIT", None),
        ("embedded:smollm2-135m-instruct", None, "Apache-2.0", "Apache-2.0", "apache-2.0"),
        ("embedded:smollm2-135m-instruct", None, "MIT", "MIT", None),
        ("student:first", "---\nlicense: mit\n---\n# first\n", "MIT", "MIT", "mit"),
        ("student:first", "---\n: [\n---\n", "MIT", "MIT", None),
        ("student:first", None, "MIT", "MIT", None),
    ],
)
def test_a_licence_is_said_only_where_base_prompts_and_completions_state_the_same(
    base: str, readme: str | None, licence: str | None, terms: str, said: str | None, tmp_path: Path
):
    if readme:
        (tmp_path / "base").mkdir()
        (tmp_path / "base" / "README.md").write_text(readme)
    rows = traces(2, licence=licence, terms=terms)
    path = write_card(trained(tmp_path, SFT.model_copy(update={"base": base}), rows=rows), None)
    assert ModelCard.load(path).data.to_dict().get("license") == said


def test_nothing_that_a_model_or_a_mix_wrote_is_read_as_markdown_or_html(tmp_path: Path):
    body = written(trained(tmp_path, SFT), result()).split("\n---\n", 1)[1]
    page = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(body)
    assert "<script" not in page and page.count("<h1>") == 1
    assert "# No heading ```` | **b** &lt;script&gt;alert(1)&lt;/script&gt;\n&lt;/think&gt;\n\n7" in page
    assert "&lt;/think&gt; &lt;script&gt;\nselect 1" in page
    assert page.count("<pre>") == 4, "the prompt, the completion, its reference, and the mix"


def test_what_a_policy_wrote_last_is_shown_with_its_step_and_reward(tmp_path: Path):
    card = written(trained(tmp_path, SFT.model_copy(update={"trainer": "grpo"})))
    assert "early 8" in card and "early 1" not in card
    assert "**prompt**, step 10\n" in card and "**completion**, reward 2\n" in card


def test_paths_and_accounts_of_the_house_stay_there(tmp_path: Path):
    launch = Launch.model_validate({"slurm": {"account": "secret-account", "setup": ["export KEY=secret"]}})
    student = SFT.model_copy(update={"base": str(tmp_path / "models" / "qwen"), "launch": launch})
    card = written(trained(tmp_path, student))
    assert "A student of qwen, trained" in card
    assert str(tmp_path) not in card and "secret" not in card


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"n_items": 100}, "100 items: where attempts at an item agree, a pass@1 near 50 % is known to ±10"),
        ({"n_items": 20}, "Intervals over fewer than 30 items are too narrow"),
        ({"k": 1}, "Every item was attempted once"),
        ({"cap_hit_rate": 0.25}, "25.0 % of its attempts hit the cap"),
        ({"unknown_rate": 0.1}, "10.0 % of its attempts have no verdict"),
        ({"met": ("i1",)}, "Its rows hold 1 of 100 items"),
        ({"gain": Estimate(0.1, -0.1, 0.3)}, "Nobody can tell whether it is better than its base"),
        ({"gain": Estimate(-0.3, -0.4, -0.2)}, "It is worse than its base: -30.0 points"),
        ({"effect": Estimate(-0.2, -0.3, -0.1)}, "It became worse at refusals: -20.0 points"),
        ({}, "no set of side effects was asked"),
    ],
)
def test_what_was_measured_of_an_evaluation_decides_what_is_to_be_distrusted(
    changed: dict[str, Any], doubt: str, tmp_path: Path
):
    sure = result(n_items=5000, effect=Estimate(0.1, 0.05, 0.2))
    told = [
        line for line in written(trained(tmp_path, SFT), result(**changed)).splitlines() if line[:2] == "- "
    ]
    other = trained(tmp_path / "other", SFT)
    assert any(doubt in line for line in told)
    assert doubt not in written(other, sure)


@pytest.mark.parametrize(
    ("trainer", "curve", "metrics", "doubt"),
    [
        ("sft", {}, {}, "of one run, with seed 5"),
        ("sft", {}, {}, "It never saw the longest rows: 2 of 30 were left out"),
        (
            "sft",
            {},
            {},
            "in other words or another language may be among its prompts: rows were compared by runs",
        ),
        ("sft", {}, {}, "Personal data may be in its rows"),
        ("sft", {}, {}, "It was not evaluated: nothing is known"),
        (
            "grpo",
            {"reward": 0.4, "clipped": 0.5},
            {},
            "Towards its end 50.0 % of the completions hit the cap",
        ),
        ("grpo", {"reward": 0.4}, {}, "training did not raise it"),
        ("reward_model", {}, {"low": 0.45}, "cannot be told from guessing"),
        ("reward_model", {}, {"low": 0.55}, "cannot be told from preferring the longer trace"),
        (
            *("reward_model", {}, {"low": 0.6, "shorter_is_better": 0.7}),
            "cannot be told from preferring the shorter trace",
        ),
    ],
)
def test_what_was_measured_in_training_decides_what_is_to_be_distrusted(
    trainer: str, curve: dict[str, float], metrics: dict[str, float], doubt: str, tmp_path: Path
):
    student = SFT.model_copy(update={"trainer": trainer})
    tested = {
        "n_pairs": 50,
        "accuracy": 0.6,
        "low": 0.5,
        "high": 0.7,
        "longer_is_better": 0.58,
        "shorter_is_better": 0.2,
    } | metrics
    job = trained(
        tmp_path,
        student,
        curve=[point | curve for point in CURVE],
        heldout=tested if trainer == "reward_model" else None,
    )
    assert doubt in written(job)


def test_a_reward_model_is_judged_by_the_pairs_that_were_kept_apart(tmp_path: Path):
    tested = {
        "n_pairs": 50,
        "accuracy": 0.9,
        "low": 0.8,
        "high": 0.95,
        "longer_is_better": 0.5,
        "shorter_is_better": 0.5,
    }
    job = trained(tmp_path, SFT.model_copy(update={"trainer": "reward_model"}), heldout=tested)
    card = written(job)
    assert "got the larger number in 90.0 % (80.0 … 95.0, 95 %); it is the longer one in 50.0 %." in card
    assert "guessing" not in card and "longer trace" not in card
    assert "trained by reward_model on 28 pairs of traces" in card
    assert ModelCard(card).data.to_dict()["pipeline_tag"] == "text-classification"
