"""Labelled rows: which are drawn, what their columns may hold, and what is said of bad ones."""

import json
from pathlib import Path

import polars as pl
import pytest

from r1data.errors import ConfigError, InputError
from r1data.judge.labelled import Row, labelled
from r1data.judge.rubric import load_rubric
from r1data.recipe import CalibrationSource


def read(path: Path | None, rubric: str = "reference_match", **settings: object) -> list[Row]:
    config = CalibrationSource.model_validate(
        {"name": "mine", "path": path and str(path), "rubric": rubric, **settings}
    )
    return labelled(config, load_rubric(rubric))


def written(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def one(**changed: object) -> dict[str, object]:
    return {"question": "1 + 1?", "answer": "two", "reference": "2", "verdict": True} | changed


def test_columns_are_mapped_and_only_the_final_answer_is_judged(tmp_path: Path):
    path = tmp_path / "rows.parquet"
    texts = ["<think>Is it 3? No.</think> 2", "plain 2", "<think>never closed"]
    pl.DataFrame(
        {"q": ["1 + 1?"] * 3, "text": texts, "gt": [2, 2, 2], "score": [1.0, 0.0, 1.0]}
    ).write_parquet(path)
    columns = {"question": "q", "answer": "text", "reference": "gt", "verdict": "score"}
    rows = read(path, columns=columns, domain="math")
    assert {(row.question.answer, row.question.reference, row.label, row.domain) for row in rows} == {
        ("2", "2", "right", "math"),
        ("plain 2", "2", "wrong", "math"),
    }


def test_of_two_answers_the_verdict_names_the_better_one_and_ties_are_left_out(tmp_path: Path):
    base = {"instruction": "Add.", "input": "1 + 1", "a": "2", "b": "3"}
    path = written(tmp_path, {**base, "who": 1}, {**base, "b": "4", "who": 2}, {**base, "b": "5", "who": 0})
    rows = read(
        path,
        "pairwise",
        question_columns=["instruction", "input"],
        columns={"answer": "a", "other": "b", "verdict": "who"},
        right=["1"],
        wrong=["2"],
    )
    assert {(row.question.other, row.label) for row in rows} == {("3", "right"), ("4", "wrong")}
    assert {row.question.task for row in rows} == {"Add.\n\n1 + 1"}
    assert {row.question.reference for row in rows} == {None}


def test_criteria_may_be_json_or_python_and_a_list_of_met_ones_is_a_verdict(tmp_path: Path):
    rows = read(
        written(
            tmp_path,
            one(answer="a", criteria='["It is short.", "It is true."]', verdict=[True, True]),
            one(answer="b", criteria="['It is short.']", verdict="[False]"),
            one(answer="c", criteria=["It is short.", "It is true."], verdict=[True, False]),
        ),
        "open_ended",
    )
    assert {(row.question.answer, row.question.criteria, row.label) for row in rows} == {
        ("a", ("It is short.", "It is true."), "right"),
        ("b", ("It is short.",), "wrong"),
    }


def test_equal_rows_are_one_and_those_with_both_verdicts_none(tmp_path: Path):
    path = written(tmp_path, one(), one(), one(answer="2"), one(answer="2", verdict=False))
    assert [row.question.answer for row in read(path)] == ["two"]


def test_the_draw_is_even_and_stays_as_it_is_when_the_file_grows(tmp_path: Path):
    rows = [one(answer=f"{i} things", verdict=i % 10 == 0) for i in range(100)]
    drawn = read(written(tmp_path, *rows), n=12)
    assert [row.label for row in drawn].count("right") == 6
    assert len(read(tmp_path / "rows.jsonl", n=50)) == 50, "ten right ones and forty others"
    more = [one(answer=f"{i} more", verdict=False) for i in range(10)]
    grown = read(written(tmp_path, *more, *rows), n=12)
    kept = {row.row_id for row in drawn} & {row.row_id for row in grown}
    assert len(kept) >= 10


@pytest.mark.parametrize(
    ("rubric", "changed", "says"),
    [
        ("reference_match", {"question": " "}, "line 2: `question` (our `question`) is empty"),
        ("reference_match", {"reference": None}, "line 2: `reference` (our `reference`) is empty"),
        ("reference_match", {"domain": "sums"}, "line 2: `domain` (our `domain`) is none of math"),
        ("open_ended", {"criteria": "short"}, "line 2: `criteria` (our `criteria`) is not a list"),
        ("open_ended", {"criteria": ["short", 3]}, "line 2: `criteria` (our `criteria`) is not a list"),
    ],
)
def test_a_bad_row_is_an_error_that_names_file_and_line(tmp_path: Path, rubric, changed, says):
    path = written(tmp_path, one(), one(**changed))
    with pytest.raises(InputError) as caught:
        read(path, rubric)
    assert str(caught.value).startswith(f"{path}, {says}")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"columns": {"answr": "answer"}}, "did you mean `answer`?"),
        ({"columns": {"answer": "answr"}}, "did you mean `answer`?"),
        ({"right": ["yes", "1"], "wrong": ["no", "Yes"]}, "'yes' is in both"),
        ({"rubric": "pairwise"}, "no column `other`"),
        ({"rubric": "open_ended", "source": "templates"}, "computed tasks have a reference"),
    ],
)
def test_a_section_that_cannot_give_rows_is_an_error_before_any_is_read(tmp_path: Path, settings, says):
    with pytest.raises(ConfigError, match=says.replace("?", r"\?")):
        read(written(tmp_path, one()), **settings)


def test_a_file_without_a_known_verdict_is_an_error_that_says_what_was_looked_for(tmp_path: Path):
    with pytest.raises(InputError, match=r"rows\.jsonl: no row of `mine` .* of right, true, 1 \(right\)"):
        read(written(tmp_path, one(verdict="good"), one(answer="…")))


@pytest.mark.parametrize("rubric", ["reference_match", "pairwise"])
def test_computed_rows_are_the_same_every_night_and_their_form_tells_nothing(rubric: str):
    rows = read(None, rubric, source="templates", n=60)
    assert rows == read(None, rubric, source="templates", n=60)
    assert [row.label for row in rows].count("right") == 30
    assert {row.domain for row in rows} == {"math"}
    forms = {
        label: {row.question.answer[:4] for row in rows if row.label == label} for label in ("right", "wrong")
    }
    assert len(forms["right"] & forms["wrong"]) > 2
