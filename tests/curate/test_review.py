"""Review files: cells that no spreadsheet runs, and rows that are checked before anything is published."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.curate.current import latest_reviews
from r1data.curate.review import imported
from r1data.curate.review_file import CELL_CHARS, COLUMNS, CUT, as_csv, cell, uncell
from r1data.errors import InputError
from r1data.lake import Lake
from r1data.schema import TABLES

NOW = datetime(2026, 1, 3, tzinfo=UTC)
TEXT = "<think>\n=1+1 is two.\n</think>\n\n2"


def row(table: str, **values: object) -> pl.DataFrame:
    schema = TABLES[table].schema
    filled = dict.fromkeys(schema) | {"night": "2026-01-02"} | values
    return pl.DataFrame([filled], schema=schema, orient="row")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """One prompt, whose answer is 2, and one rollout."""
    return made(tmp_path)


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same for tests that publish nothing."""
    return made(tmp_path_factory.mktemp("reviews"))


def made(folder: Path) -> Lake:
    lake = Lake(str(folder / "lake"))
    lake.append("prompts", row("prompts", prompt_id="p", messages=[{"role": "user", "content": "1 + 1?"}]))
    reference = {"reference_version": "v", "reference": "2", "verifier": "math", "verifier_args": "{}"}
    lake.append("prompt_references", row("prompt_references", prompt_id="p", added_at=NOW, **reference))
    spans = {"thought_start": 7, "thought_end": TEXT.index("</think>"), "answer_start": TEXT.index("</") + 8}
    ids = {"rollout_id": "r", "prompt_id": "p", "teacher_id": "t"}
    lake.append("rollouts", row("rollouts", completion=TEXT, finish_reason="stop", **ids, **spans))
    return lake


def file(folder: Path, *rows: dict[str, str], name: str = "reviews.csv") -> Path:
    usual = {"rollout_id": "r", "verdict": "approve", "prompt": "1 + 1?", "reasoning": "=1+1 is two."}
    usual |= {"answer": "2"}
    filled = [dict.fromkeys(COLUMNS, "") | usual | {"reviewer": "ada"} | row for row in rows]
    path = folder / name
    path.write_bytes(as_csv(pl.DataFrame(filled)))
    return path


def refused(lake: Lake, path: Path, *parts: str) -> None:
    with pytest.raises(InputError) as caught:
        imported(lake, path, reviewer=None, now=NOW)
    for part in (str(path), *parts):
        assert part in str(caught.value)


@given(st.text(st.sampled_from("=+-@'\t\n ax"), max_size=6))
def test_a_cell_is_never_a_formula_and_comes_back_as_it_was(text: str):
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert uncell(cell(text)) == text


def test_a_text_too_long_for_a_cell_is_cut_and_says_so():
    long = cell("x" * 40_000)
    assert len(long) == CELL_CHARS and long.endswith(CUT)


def test_the_file_opens_in_a_spreadsheet(tmp_path: Path):
    content = file(tmp_path, {"note": 'a "quoted", note'}).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and b'"a ""quoted"", note"' in content
    assert b'"\'=1+1 is two."' in content


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rollout_id": "nobody"}, "no rollout `nobody`"),
        ({"verdict": "maybe"}, "`maybe` is no verdict"),
        ({"answer": "3"}, "`answer` was changed"),
        ({"verdict": "edit", "answer": "3"}, "the edited answer is not right (different)"),
        ({"verdict": "edit", "reasoning": " "}, "needs a thought and an answer"),
        ({"verdict": "edit", "reasoning": "x" + CUT}, "was cut to 32,767 characters"),
        ({"verdict": "reject", "prompt": "2 + 2?"}, "the prompt is not that of rollout `r`"),
        ({"reviewed_at": "2027-01-01"}, "2027-01-01 is still to come"),
        ({"reviewer": ""}, "nobody is named"),
        ({"reviewed_at": "yesterday"}, "`yesterday` is no time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(read_only: Lake, tmp_path: Path, changed, said: str):
    skipped = {"rollout_id": "x", "verdict": "", "note": "two\nlines"}
    refused(read_only, file(tmp_path, skipped, changed), "line 4", said)


def test_a_rollout_that_comes_twice_and_a_file_that_is_none_are_refused(read_only: Lake, tmp_path: Path):
    refused(read_only, file(tmp_path, {}, {"verdict": "reject"}), "comes twice")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    refused(read_only, other, "lacks the columns rollout_id")
    other.write_bytes(b"rollout_id,verdict,reasoning,answer\nr,\xff,a,b\n")
    refused(read_only, other, "not UTF-8")


def test_the_latest_word_counts_and_an_older_file_again_changes_nothing(lake: Lake, tmp_path: Path):
    first = file(tmp_path, {"verdict": "edit", "answer": "It is 2"}, name="1.csv")
    second = file(tmp_path, {"verdict": "reject", "reviewer": "bob"}, name="2.csv")
    lake.append("reviews", imported(lake, first, reviewer=None, now=NOW))
    later = NOW.replace(hour=1)
    lake.append("reviews", imported(lake, second, reviewer=None, now=later))
    again = imported(lake, first, reviewer=None, now=NOW.replace(hour=2))
    assert again.is_empty()
    stored = lake.scan("reviews").sort("reviewed_at").select("reviewer", "verdict", "answer").collect()
    assert stored.rows() == [("ada", "edit", "It is 2"), ("bob", "reject", None)]


def test_what_a_reviewer_says_later_is_later_whatever_its_date_and_may_repeat_what_was_overruled(
    lake: Lake, tmp_path: Path
):
    def latest(*changes: dict[str, str]) -> tuple[str, str]:
        for number, changed in enumerate(changes):
            path = file(tmp_path, changed, name=f"{number}.csv")
            lake.append("reviews", imported(lake, path, reviewer=None, now=NOW))
        found = latest_reviews(lake.scan("reviews")).select("reviewer", "verdict").collect()
        return found.row(0)

    assert latest({}, {"verdict": "reject", "reviewed_at": "2026-01-02"}) == ("ada", "reject")
    again = {"reviewer": "bob", "reviewed_at": "2026-01-03T01:00"}
    assert latest(again) == ("bob", "approve")
    seen = {"verdict": "reject", "latest_reviewer": "bob", "reviewed_at": "2026-01-03T02:00"}
    assert latest(seen) == ("ada", "reject")


def test_a_text_that_was_cut_is_not_edited_even_without_its_mark(lake: Lake, tmp_path: Path):
    long = f"<think>\n{'so ' * 20_000}\n</think>\n\n2"
    spans = {"thought_start": 7, "thought_end": long.index("</think>"), "answer_start": long.index("</") + 8}
    ids = {"rollout_id": "long", "prompt_id": "p", "teacher_id": "t"}
    lake.append("rollouts", row("rollouts", completion=long, finish_reason="stop", **ids, **spans))
    edit = {"rollout_id": "long", "verdict": "edit", "reasoning": "so so"}
    refused(lake, file(tmp_path, edit), "line 2", "was cut to 32,767 characters")


def test_semicolons_and_line_ends_of_a_spreadsheet_are_read(read_only: Lake, tmp_path: Path):
    path = tmp_path / "de.csv"
    head = "rollout_id;verdict;reasoning;answer;reviewer;reviewed_at"
    path.write_bytes(f"{head}\r\nr;Approve;'=1+1 is two.;2;ada;2026-01-02\r\n".encode())
    found = imported(read_only, path, reviewer=None, now=NOW)
    assert found.select("verdict", "reviewed_at").rows() == [("approve", datetime(2026, 1, 2, tzinfo=UTC))]
