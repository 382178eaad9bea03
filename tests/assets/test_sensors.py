"""The inbox's sensor, and the night that it asks for."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import defs
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.sensors import inbox, new_corpus, stats
from r1data import paths
from r1data.lake import Lake

INBOX = """
[[prompts]]
name = "in"
source = "inbox"
path = "{folder}"
columns = {{ prompt = "q", reference = "a" }}
licence = "MIT"

[generate]"""


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The inbox of the recipe in use."""
    made = tmp_path / "inbox"
    made.mkdir()
    text = (paths.PROJECT / "tests" / "data" / "fake.toml").read_text(encoding="utf-8")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text.replace("\n[generate]", INBOX.format(folder=made), 1), encoding="utf-8")
    monkeypatch.setenv("R1DATA_RECIPE", str(recipe))
    return made


def put(folder: Path, name: str, *rows: dict[str, str]) -> None:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.utime(path, (time.time() - 60,) * 2)


@pytest.fixture
def looked() -> Iterator[dg.SensorEvaluationContext]:
    """A sensor's context; it keeps its cursor from look to look."""
    with dg.build_sensor_context(resources={"lake": LakeResource(), "recipe": RecipeResource()}) as context:
        yield context


def look(context: dg.SensorEvaluationContext) -> list[dg.RunRequest | dg.SkipReason]:
    return list(inbox(context))


def test_new_files_ask_for_the_last_night_once_and_the_night_asks_them(
    folder: Path, looked: dg.SensorEvaluationContext, home_lake: Lake
) -> None:
    assert [type(one) for one in look(looked)] == [dg.SkipReason]
    put(folder, "good.jsonl", {"q": "Add 20 to 3.", "a": "23"}, {"q": "Name five times two.", "a": "10"})
    put(folder, "broken.jsonl", {"q": " ", "a": "5"})
    [request] = look(looked)
    assert request.partition_key == NIGHTS.get_last_partition_key()
    assert [type(one) for one in look(looked)] == [dg.SkipReason]
    (folder / "good.jsonl").rename(folder / "other.jsonl")
    assert look(looked)[0].run_key == request.run_key

    made = ["benchmarks", "prompts"]
    for _ in range(2):
        done = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            partition_key=request.partition_key, asset_selection=[dg.AssetKey(name) for name in made]
        )
        assert done.success
        intake = home_lake.scan("intake", request.partition_key).filter(source="in").collect()
        assert intake["kept"].to_list() == [True, True]
    [event] = done.asset_materializations_for_node("prompts")
    assert "broken.jsonl, line 1" in event.metadata["broken_files"].value
    assert "math | 14 | 14 | 100% | 16%" in event.metadata["domains"].value
    put(folder, "third.jsonl", {"q": "What is 2 + 3?", "a": "6"})
    [again] = look(looked)
    assert again.run_key != request.run_key


def test_a_file_that_left_since_the_folder_was_read_does_not_fail_the_look(tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", {"q": "1 + 1?", "a": "2"})
    assert [name for name, *_ in stats([tmp_path / "gone.jsonl", tmp_path / "a.jsonl"])] == [
        str(tmp_path / "a.jsonl")
    ]


def test_the_sensor_is_stopped_until_somebody_starts_it() -> None:
    assert inbox.default_status == dg.DefaultSensorStatus.STOPPED


def test_a_changed_corpus_asks_once_for_each_student_that_the_budget_allows(
    finished_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = (paths.PROJECT / "tests" / "data" / "fake.toml").read_text(encoding="utf-8")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text + '\n[training]\nstudents = ["smollm2"]\n', encoding="utf-8")
    monkeypatch.setenv("R1DATA_RECIPE", str(recipe))
    resources = {"lake": LakeResource(), "recipe": RecipeResource()}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        (first,) = new_corpus(context)
        (same,) = new_corpus(context)
        assert (first.job_name, first.partition_key) == ("train", "smollm2")
        assert first.run_key == same.run_key
        instance.create_run_for_job(
            defs.resolve_job_def("train"),
            status=dg.DagsterRunStatus.STARTED,
            tags={"dagster/partition": "smollm2"},
        )
        (skipped,) = new_corpus(context)
        assert "smollm2 is being trained" in skipped.skip_message
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        tags = {"dagster/partition": "smollm2", "dagster/run_key": first.run_key}
        done = dg.DagsterRunStatus.SUCCESS
        instance.create_run_for_job(defs.resolve_job_def("train"), status=done, tags=tags)
        (skipped,) = new_corpus(context)
        assert "were started" in skipped.skip_message  # and it takes no part of the budget any more
    corpus = finished_lake.scan("corpus").collect()
    night = {"recipe": corpus["recipe"][0], "night": corpus["night"][0]}
    finished_lake.replace("corpus", night, corpus.head(3))
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        (again,) = new_corpus(context)
        assert again.run_key != first.run_key
