"""`r1data judge`: a judge is measured, and judges the rows of any file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.lake import Lake
from tests.assets.test_judge import recipe_with
from tests.judge.scripted import good, judge_settings, says

NIGHT = "2026-01-02"
Run = Callable[..., int]
ROWS = [
    {"id": "007", "task": "2 + 2?", "answer": "4", "key": "4"},
    {"id": "008", "task": "1 - 1?", "answer": "0", "key": "0"},
    {"id": "009", "task": "3 + 3?", "answer": "<think>It is 6.</think>", "key": "6"},
]


def fake_judge(folder: Path, text: str, **script: Any) -> Path:
    """A recipe whose judge always says the same."""
    return recipe_with(folder, says(judge_settings(folder), texts=(text,), **script))


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refused(r1data: Run, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What is said when the verb refuses to work."""
    capsys.readouterr()
    assert r1data("judge", "file", *words) != 0
    return " ".join(capsys.readouterr().err.split())


def test_every_row_keeps_its_columns_and_gets_a_verdict(r1data: Run, home: Path, tmp_path: Path):
    names = ["--column", "question=task", "--column", "reference=key"]
    match = ["--rubric", "reference_match", "--recipe", fake_judge(tmp_path, "SAME"), *names]
    file, out = write(tmp_path / "rows.csv", ROWS), tmp_path / "judged.parquet"
    assert r1data("judge", "file", file, *match, "--out", out) == 0
    judged = pl.read_parquet(out)
    assert judged.columns[:4] == list(ROWS[0]) and judged["id"].to_list() == ["007", "008", "009"]
    right = ("right", 1.0, "judged_right", ["SAME", "SAME"])
    columns = ("judge_verdict", "judge_reward", "judge_reason", "judge_votes")
    assert judged.select(columns).rows() == [right, right, ("wrong", 0.0, "no_answer", [])]
    numbers = [row | {"answer": int(row["answer"])} for row in ROWS[:2]]
    file = write(tmp_path / "numbers.jsonl", numbers)
    assert r1data("judge", "file", file, *match, "--out", out) == 0
    assert pl.read_parquet(out).select(columns).rows() == [right, right], "0 is an answer"


def test_criteria_of_a_csv_file_are_a_json_list_or_one_text(r1data: Run, home: Path, tmp_path: Path):
    criteria = ['["It rhymes.", "It is short."]', "It is short.", ""]
    rows = [
        {"question": "A line?", "answer": f"Line {i}.", "criteria": one} for i, one in enumerate(criteria)
    ]
    file, out = write(tmp_path / "rows.csv", rows), tmp_path / "judged.jsonl"
    recipe = fake_judge(tmp_path, '{"criterion_1": "yes", "criterion_2": "no"}')
    assert r1data("judge", "file", file, "--rubric", "open_ended", "--out", out, "--recipe", recipe) == 0
    told = pl.read_ndjson(out)
    # Two criteria are read, in either order; one or five are not what this judge speaks of.
    assert told["judge_votes"].to_list() == [["yes no", "no yes"], ["?", "?"], ["?", "?"]]
    assert told["judge_verdict"].to_list() == ["wrong", "unknown", "unknown"]


def test_what_cannot_be_judged_is_told_before_anything_is_asked(
    r1data: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out.parquet"
    recipe = fake_judge(tmp_path, "SAME", fail_after=0)  # whatever is asked ends it
    full = [{"question": "1?", "answer": "1", "reference": "1"}, {"question": "2?", "answer": "2"}]
    file = write(tmp_path / "rows.jsonl", full)
    match = ["--rubric", "reference_match", "--recipe", recipe]
    assert "row 2: `reference` is empty" in refused(r1data, capsys, file, *match, "--out", out)
    assert "would be overwritten" in refused(r1data, capsys, file, *match, "--out", file)
    pairs = ["--rubric", "pairwise", "--recipe", recipe]
    assert "needs other" in refused(r1data, capsys, file, *pairs, "--out", out)
    odd = ["--rubric", "helpfull", "--recipe", recipe]
    assert "no rubric" in refused(r1data, capsys, file, *odd, "--out", out)
    wrong = ["--column", "question=prompt"]
    assert "has no column" in refused(r1data, capsys, file, *match, *wrong, "--out", out)
    for name in ("empty.csv", "empty.jsonl"):
        (tmp_path / name).touch()
        assert "cannot be read" in refused(r1data, capsys, tmp_path / name, *match, "--out", out)
    listed = [{"question": "1?", "answer": "1", "criteria": [1]}]
    kinds = write(tmp_path / "kinds.jsonl", listed)
    open_ended = ["--rubric", "open_ended", "--recipe", recipe]
    assert "neither a text nor a list of texts" in refused(r1data, capsys, kinds, *open_ended, "--out", out)
    before = write(tmp_path / "before.jsonl", [full[0] | {"judge_verdict": "right"}])
    assert "has a column judge_verdict already" in refused(r1data, capsys, before, *match, "--out", out)
    assert not out.exists()


def test_rows_of_nothing_start_no_engine(r1data: Run, home: Path, tmp_path: Path):
    file, out = tmp_path / "head.csv", tmp_path / "out.parquet"
    file.write_text("question,answer\n", encoding="utf-8")
    recipe = fake_judge(tmp_path, "SAME", fail_after=0)
    assert r1data("judge", "file", file, "--rubric", "helpful", "--out", out, "--recipe", recipe) == 0
    assert pl.read_parquet(out).is_empty()


def test_calibrate_shows_who_has_a_vote_and_asks_nothing_twice(
    r1data: Run, home_lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    recipe = recipe_with(tmp_path, good(judge_settings(tmp_path)))
    tables = ["calibrations", "calibration_rows", "teachers"]
    shown, versions = [], []
    for _ in range(2):
        capsys.readouterr()
        assert r1data("judge", "calibrate", "--night", NIGHT, "--recipe", recipe, "--json") == 0
        shown.append(json.loads(capsys.readouterr().out))
        versions.append(home_lake.versions(tables))
    assert shown[0] == shown[1] and versions[0] == versions[1]
    said = [shown[0][name] for name in ("rubric", "domain", "has_vote", "kappa")]
    assert said == ["reference_match", "math", True, 1.0]


def test_a_recipe_without_a_judge_cannot_judge(r1data: Run, home: Path, tmp_path: Path, capsys):
    file = write(tmp_path / "rows.jsonl", ROWS)
    said = refused(r1data, capsys, file, "--rubric", "helpful", "--out", tmp_path / "out.jsonl")
    assert "has no section [judge]" in said
    assert r1data("judge", "calibrate", "--night", NIGHT) != 0
