"""`r1data plan`: what a night would make, told before it makes anything."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from r1data.lake import Lake
from r1data.schema import TABLES
from tests.cli.conftest import NEXT, NIGHT
from tests.conftest import FAKE

Run = Callable[..., int]


def edited(folder: Path, *edits: tuple[str, str], name: str = "edited") -> Path:
    """A copy of the scripted recipe with texts replaced."""
    text = FAKE.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


MORE = ("rollouts_per_prompt = 6", "rollouts_per_prompt = 8")
RETRY = ("context_tokens = 1024", "context_tokens = 1024\nretry_max_tokens = 200")


@pytest.fixture
def objects(r1data: Run, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, object]]]:
    """What `r1data plan` prints as JSON, by row."""

    def run(*words: object) -> list[dict[str, object]]:
        capsys.readouterr()
        assert r1data("plan", *words, "--json") == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_on_an_empty_lake_the_whole_night_is_new_and_nothing_is_published(objects, home_lake: Lake):
    *groups, total = objects("--night", NIGHT)
    (row,) = groups
    assert (row["reason"], row["source"], row["domain"]) == ("new", "sums", "math")
    assert (row["n_prompts"], row["n_attempts"], row["n_stored"], row["n_to_make"]) == (12, 72, 0, 72)
    assert row["completion_tokens_at_most"] == 72 * 80 and row["rests_on"] == "cap"
    assert row["time_s"] is None and row["cost_usd"] is None
    assert total == {**row, "reason": "total", "source": None, "domain": None}
    assert not Path(home_lake.root).exists()


@pytest.fixture
def finished(finished_home: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The lake of a finished night, which planning only reads."""
    for name, value in finished_home.items():
        monkeypatch.setenv(name, value)
    return Lake()


def test_of_a_finished_night_only_what_a_wider_recipe_adds_is_left_and_the_teacher_is_known(
    objects, finished: Lake, tmp_path: Path
):
    *_, after = objects("--night", NIGHT)
    assert (after["n_stored"], after["n_to_make"], after["completion_tokens"]) == (72, 0, 0)
    *_, wider = objects("--night", NIGHT, "--recipe", edited(tmp_path, MORE))
    assert (wider["n_stored"], wider["n_to_make"], wider["rests_on"]) == (72, 24, "family")
    made = finished.scan("rollouts").collect()
    assert wider["completion_tokens"] == pytest.approx(24 * made["completion_tokens"].mean())
    assert wider["prompt_tokens"] == pytest.approx(24 * made["prompt_tokens"].mean())


def test_what_another_recipe_would_change_stands_beside_and_nothing_is_published(
    objects, finished: Lake, r1data: Run, tmp_path: Path, capsys
):
    versions = finished.versions(TABLES)
    other = edited(tmp_path, MORE, RETRY)
    rows = {(row["reason"], row["measure"]): row for row in objects("--night", NIGHT, "--what-if", other)}
    assert rows["new", "n_to_make"] == {
        "reason": "new", "source": "sums", "domain": "math",
        "measure": "n_to_make", "recipe": 0, "what_if": 24, "difference": 24,
    }  # fmt: skip
    assert rows["retry", "n_to_make"]["what_if"] == 24, "what ended by itself is not retried"
    assert rows["total", "n_attempts"]["difference"] == 2 * 96 - 72
    assert r1data("plan", "--night", NIGHT, "--what-if", other) == 0
    printed = capsys.readouterr().out
    assert "to make" in printed and "what_if" in printed and "Tokens rest on: family (new)" in printed
    assert "Time rests on runs" in printed and "Cost is unknown" in printed
    assert finished.versions(TABLES) == versions


def test_what_is_left_unsolved_is_planned_for_the_next_night(objects, finished: Lake, again: Path):
    assert {row["reason"] for row in objects("--night", NEXT)} <= {"new", "more", "total"}
    planned = {row["reason"]: row for row in objects("--night", NEXT, "--recipe", again)}
    assert (planned["unsolved"]["n_prompts"], planned["unsolved"]["n_attempts"]) == (2, 6)


def test_the_next_night_asks_unsolved_prompts_again_and_the_run_stores_them(
    r1data: Run, next_lake: Lake, again: Path
):
    first = next_lake.scan("rollouts", NIGHT).collect()
    solved = next_lake.scan("verdicts", NIGHT).filter(verifier="math", verdict="right").collect()
    rows = next_lake.scan("plan", NEXT).collect()
    unsolved = rows.filter(reason="unsolved")
    assert unsolved["index"].unique().sort().to_list() == [6, 7, 8], "the indices after the first six"
    assert unsolved["prompt_id"].n_unique() == 2
    asked = unsolved.select("prompt_id").unique().join(first, on="prompt_id")
    assert asked.height == 12 and asked.join(solved, on="rollout_id", how="semi").is_empty()
    stored = next_lake.scan("selected", NEXT).collect()
    assert unsolved.join(stored, on="rollout_id", how="anti").is_empty()

    versions = next_lake.versions(TABLES)
    assert r1data("run", "--night", NEXT, "--recipe", again) == 0
    assert next_lake.versions(TABLES) == versions, "a finished night plans the same again"


def test_a_recipe_of_another_name_or_without_its_model_is_refused_in_one_line(
    r1data: Run, home: Path, tmp_path: Path, capsys
):
    other = edited(tmp_path, ('name = "fake"', 'name = "other"'))
    assert r1data("plan", "--night", NIGHT, "--what-if", other) == 2
    assert "recipe other, not fake" in capsys.readouterr().err
    (home / "models").unlink()
    assert r1data("plan", "--night", NIGHT) == 1
    assert "r1data model fetch" in capsys.readouterr().err


def test_a_retry_without_more_room_is_refused_with_both_numbers(r1data: Run, tmp_path: Path, capsys):
    narrow = edited(tmp_path, ("context_tokens = 1024", "context_tokens = 1024\nretry_max_tokens = 80"))
    assert r1data("plan", "--night", NIGHT, "--recipe", narrow) == 2
    said = capsys.readouterr().err
    assert "more than max_tokens (80) and less than context_tokens (1024)" in said
