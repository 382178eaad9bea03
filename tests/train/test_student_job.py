"""From a corpus to a student by its two assets: what does not fit is dropped and named, and a template that
strips thoughts stops the job before a model is loaded.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.resources import LakeResource, RecipeResource
from assets.training import student_sft
from assets.training_checks import MAX_TOO_LONG, few_traces_are_too_long
from assets.training_data import sft_data
from r1data import paths
from r1data.curate.pii import VERSION
from r1data.errors import GateError
from r1data.lake import Lake
from tests.sql.conftest import NIGHT, RECIPE, rows

pytestmark = pytest.mark.slow

STUDENT, BASE, MAX_TOKENS = "smollm2", "smollm2-135m-instruct", 256
BENCHMARK = """
[[benchmarks]]
name = "heldout"
source = "templates"
families = ["add"]
n_per_family = 1
"""
N_ROWS, LONG = 12, f"{7:032x}"


@pytest.fixture
def lake(home: Path, mix_rows: Callable[[int], pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A corpus of sums, one trace a prompt, of which one is longer than the student reads."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    lake = Lake()
    made = mix_rows(N_ROWS).with_columns(
        licence=pl.lit("CC0-1.0"),
        reasoning=pl.when(rollout_id=LONG).then(pl.lit("7 + 0 = 7. " * 30)).otherwise("reasoning"),
    )
    lake.replace("corpus", {"recipe": RECIPE, "night": NIGHT}, rows("corpus", made.to_dicts()))
    subjects = [("trace", name) for name in made["rollout_id"]] + [
        ("prompt", name) for name in made["prompt_id"]
    ]
    searched = {"version": VERSION, "n_marks": 0, "marks": []}
    found = [{"subject": subject, "subject_id": name} | searched for subject, name in subjects]
    lake.append("pii", rows("pii", found))
    return lake


@pytest.fixture
def base(home: Path, tiny_model: Path) -> Path:
    """A tiny model of one token per character, where the student's base lies."""
    (home / "models").unlink()
    return shutil.copytree(tiny_model, home / "models" / BASE)


def materialise(lake: Lake, recipe: Path, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    fake = (paths.PROJECT / "tests" / "data" / "fake.toml").read_text(encoding="utf-8")
    recipe.write_text(fake.replace('"fake"', f'"{RECIPE}"', 1) + BENCHMARK, encoding="utf-8")
    return dg.materialize(
        [sft_data, student_sft, few_traces_are_too_long],
        partition_key=STUDENT,
        resources={"lake": LakeResource(root=lake.root), "recipe": RecipeResource(path=str(recipe))},
        instance=instance,
        raise_on_error=False,
    )


def test_a_trace_that_is_too_long_is_dropped_and_named_and_the_student_learns_from_the_others(
    lake: Lake, base: Path, home: Path, tmp_path: Path
):
    with dg.DagsterInstance.ephemeral() as instance:
        done = materialise(lake, tmp_path / "r.toml", instance)
        assert done.success
        (check,) = done.get_asset_check_evaluations()
        told = done.asset_materializations_for_node("sft_data")[0].metadata
    folder = Path(str(told["folder"].value))
    (dropped,) = map(json.loads, (folder / "dropped.jsonl").read_text().splitlines())
    assert dropped["id"] == LONG
    assert int(dropped["reason"].removeprefix("too_long:")) > MAX_TOKENS
    assert told["left_out_by_reason"].value == {"too_long": 1}
    assert json.loads((folder / "card.json").read_bytes())["student"] == {
        "name": STUDENT, "max_tokens": MAX_TOKENS,
    }  # fmt: skip
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["share_too_long"].value == 1 / N_ROWS > MAX_TOO_LONG
    (student,) = lake.scan("students").collect().to_dicts()
    assert (student["n_rows"], student["n_rows_too_long"]) == (N_ROWS - 1, 0)
    assert (home / "students" / student["folder"]).is_dir()


def test_a_template_that_strips_thoughts_turns_the_data_red_and_trains_nothing(
    lake: Lake, base: Path, tokenizer: Any, home: Path, tmp_path: Path
):
    # What R1-Distill's template does with an assistant's message.
    stripping = tokenizer.chat_template.replace("m['content']", "m['content'].split('</think>')[-1]")
    (base / "chat_template.jinja").write_text(stripping, encoding="utf-8")
    with dg.DagsterInstance.ephemeral() as instance:
        done = materialise(lake, tmp_path / "r.toml", instance)
    assert not done.success
    (failed,) = [event for event in done.all_events if event.is_step_failure]
    assert failed.step_key == "sft_data"
    error = failed.step_failure_data.error
    assert error is not None and error.cause is not None
    assert error.cause.cls_name == GateError.__name__
    assert "loses the thought and the end of the thought" in error.cause.message
    assert not list((home / "exports").iterdir()), "nothing is left of the export"
    assert not (home / "students").exists()
