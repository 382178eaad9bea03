"""Differences of hand-made selections, each explained by what the ledgers gained in between."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.report.diff import diff_states, summary
from r1data.report.standing import diff_nights
from r1data.report.states import before_last_change, changes, state
from r1data.schema import TABLES

NIGHT, NEXT = "2026-01-02", "2026-01-03"
READ = ("rollouts", "prompt_references", "verdicts", "language", "readability", "contamination")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def add(lake: Lake, table: str, *rows: dict[str, object]) -> None:
    lake.append(table, pl.DataFrame([{"night": NIGHT, **row} for row in rows], schema=TABLES[table].schema))


def select(lake: Lake, night: str = NIGHT, noted: bool = True, **marks: str) -> None:
    """Publish a selection; a mark is a rank, or reasons separated by commas, perhaps with `=twin`."""
    rows = []
    for name, mark in marks.items():
        reasons, _, twin = mark.partition("=")
        accepted = reasons.isdigit()
        rows.append(
            {
                "recipe": "r", "night": night, "rollout_id": name, "prompt_id": name[0], "teacher_id": "t",
                "accepted": accepted, "rank": int(reasons) if accepted else None, "twin_id": twin or None,
                "reasons": [] if accepted else reasons.split(","),
            }
        )  # fmt: skip
    frame = pl.DataFrame(rows, schema=TABLES["selected"].schema)
    inputs = lake.versions(READ) if noted else {}
    lake.replace("selected", {"recipe": "r", "night": night}, frame, inputs=inputs)


def changed(lake: Lake) -> dict[str, tuple[str, str]]:
    before, after = before_last_change(lake, "r", NIGHT), state(lake, "r", NIGHT)
    rows = diff_states(lake, before, after, night=NIGHT)
    return {row["rollout_id"]: (row["change"], row["why"]) for row in rows.iter_rows(named=True)}


def verdict(name: str, version: str, verdict: str, reference: str = "v1", verifier: str = "math"):
    return {
        "rollout_id": name, "verifier": verifier, "verifier_version": version, "reference_version": reference,
        "verdict": verdict, "reason": "equal" if verdict == "right" else "different",
    }  # fmt: skip


def reference(prompt: str, version: str, text: str, day: int):
    added_at = datetime(2026, 1, day, tzinfo=UTC)
    return {
        "prompt_id": prompt, "reference_version": version, "reference": text, "verifier": "math",
        "added_at": added_at,
    }  # fmt: skip


def test_a_new_version_of_a_verifier_explains_only_the_verdicts_that_it_changed(lake: Lake):
    add(lake, "prompt_references", reference("a", "v1", "7", 1))
    add(lake, "verdicts", verdict("a1", "1.9", "wrong"), verdict("a2", "1.9", "right"))
    select(lake, a1="verification:different", a2="1")
    add(lake, "verdicts", verdict("a1", "1.10", "right"), verdict("a2", "1.10", "right"))
    select(lake, a1="1", a2="2")
    assert changed(lake) == {
        "a1": ("accepted", "math 1.9 → 1.10: wrong → right, equal"),
        "a2": ("rank", "other attempts at its prompt changed"),
    }


def test_a_corrected_reference_is_named_with_both_texts(lake: Lake):
    add(lake, "prompt_references", reference("a", "v1", "7", 1))
    add(lake, "verdicts", verdict("a1", "1", "right"))
    select(lake, a1="1")
    add(lake, "prompt_references", reference("a", "v2", "8", 2))
    select(lake, a1="verification:unverified")
    assert changed(lake) == {"a1": ("rejected", "reference 7 → 8")}
    add(lake, "verdicts", verdict("a1", "1", "wrong", reference="v2"))
    select(lake, a1="verification:different")
    assert changed(lake) == {"a1": ("reasons", "first verdict of math: wrong, different")}
    before, after = state(lake, "r", NIGHT, 1), state(lake, "r", NIGHT)
    (row,) = diff_states(lake, before, after, night=NIGHT).to_dicts()
    assert row["why"] == "reference 7 → 8, math: right → wrong, different"
    assert (row["before"], row["after"]) == ("accepted, rank 1", "rejected: verification:different")


def test_measures_form_and_benchmarks_that_were_looked_at_anew_are_named(lake: Lake):
    add(lake, "language", {"rollout_id": "a1", "version": "language-1"})
    add(lake, "verdicts", verdict("d1", "1", "right", reference="", verifier="format"))
    select(lake, a1="1", b1="readability:unmeasured", c1="1", d1="1", e1="1")
    add(lake, "language", {"rollout_id": "a1", "version": "language-2"})
    add(lake, "readability", {"rollout_id": "b1", "version": "readability-1"})
    fact = {"version": "x", "contaminated": True, "benchmark": "gsm8k"}
    add(lake, "contamination", {"subject": "prompt", "subject_id": "c", **fact})
    add(lake, "verdicts", verdict("d1", "2", "wrong", reference="", verifier="format"))
    select(
        lake, a1="language:mixed_language", b1="1", c1="contamination:gsm8k", d1="format:different",
        e1="readability:long_paragraph",
    )  # fmt: skip
    assert changed(lake) == {
        "a1": ("rejected", "language language-1 → language-2"),
        "b1": ("accepted", "readability measured"),
        "c1": ("rejected", "prompt compared with the benchmarks: gsm8k"),
        "d1": ("rejected", "format 1 → 2: right → wrong, different"),
        "e1": ("rejected", "recipe or thresholds"),
    }


def test_new_and_gone_rollouts_and_twins_are_told_apart(lake: Lake):
    add(lake, "rollouts", {"rollout_id": "c1"})
    select(lake, a1="1", b1="1", d1="duplicates:near_duplicate=a1")
    add(lake, "rollouts", {"rollout_id": "a2"})
    select(lake, a1="duplicates:near_duplicate=a2", a2="1", c1="1", d1="1")
    assert changed(lake) == {
        "a1": ("rejected", "twin a2 is accepted now"),
        "a2": ("new", "new rollout"),
        "b1": ("gone", "it is not planned any more"),
        "c1": ("new", "it was stored, and is planned now"),
        "d1": ("accepted", "twin a1 is not preferred any more"),
    }
    rows = diff_states(lake, before_last_change(lake, "r", NIGHT), state(lake, "r", NIGHT), night=NIGHT)
    assert summary(rows) == "5 changed: 2 new, 1 accepted, 1 gone, 1 rejected"
    assert rows["change"].to_list() == ["accepted", "rejected", "new", "new", "gone"]


def test_what_lacks_a_fact_and_what_noted_no_versions_says_so(lake: Lake):
    select(lake, a1="1")
    select(lake, a1="language:unmeasured")
    assert changed(lake) == {"a1": ("rejected", "language lacks a fact of the current version")}
    select(lake, noted=False, a1="1")
    assert changed(lake) == {"a1": ("accepted", "the selection noted no versions of what it read")}


def test_only_the_nights_own_changes_count_and_the_first_one_made_everything_new(lake: Lake):
    select(lake, a1="1")
    select(lake, night=NEXT, b1="1")
    assert changed(lake) == {"a1": ("new", "new rollout")}
    assert changes(lake, "r", NIGHT).height == 1
    newest = state(lake, "r", NIGHT)
    assert newest.version == lake.version("selected")
    assert summary(diff_states(lake, newest, newest, night=NIGHT)) == "Nothing changed."


def test_a_night_or_version_that_does_not_exist_is_an_error_that_says_so(lake: Lake):
    with pytest.raises(QueryError, match="no selection of night"):
        state(lake, "r", NIGHT)
    select(lake, a1="1")
    with pytest.raises(QueryError, match="no selection of night"):
        before_last_change(lake, "other", NIGHT)
    with pytest.raises(QueryError, match="versions 0 to"):
        state(lake, "r", NIGHT, 99)


def plan(lake: Lake, night: str, **asked: tuple[str, str]) -> None:
    """Publish a plan of (teacher, reason) by rollout."""
    rows = [
        {
            "recipe": "r", "night": night, "rollout_id": name, "prompt_id": name[0], "teacher_id": teacher,
            "reason": reason,
        }
        for name, (teacher, reason) in asked.items()
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=TABLES["plan"].schema)
    lake.replace("plan", {"recipe": "r", "night": night}, frame)


def test_two_nights_differ_by_the_standing_of_their_prompts(lake: Lake):
    add(lake, "teachers", {"teacher_id": "t", "name": "small"}, {"teacher_id": "u", "name": "large"})
    plan(lake, NIGHT, **{f"{p}1": ("t", "new") for p in "abcde"})
    select(lake, a1="verification:different", b1="1", c1="1", d1="verification:different", e1="format:broken")
    plan(
        lake, NEXT, a2=("t", "unsolved"), b2=("t", "more"), d2=("u", "changed_teacher"), e2=("t", "more"),
        f1=("t", "new"),
    )  # fmt: skip
    select(
        lake, night=NEXT, a2="1", b2="generation:length,verification:truncated", d2="verification:no_answer",
        e2="1", f1="1",
    )  # fmt: skip
    states = state(lake, "r", NIGHT), state(lake, "r", NEXT)
    rows = diff_nights(lake, *states, recipe="r", nights=(NIGHT, NEXT))
    told = {row["prompt_id"]: tuple(row.values())[1:] for row in rows.to_dicts()}
    assert told == {
        "a": ("solved", "unsolved", "solved", 0, 1, "planned as unsolved"),
        "b": ("unsolved", "solved", "unsolved", 1, 0, "planned as more; mostly generation:length"),
        "c": ("gone", "solved", None, 1, 0, "not planned on the second night"),
        "d": (
            "changed_teacher", "unsolved", "unsolved", 0, 0,
            "planned as changed_teacher; teacher small → large; mostly verification:no_answer",
        ),
        "f": ("new", None, "solved", 0, 1, "planned as new"),
    }  # fmt: skip


def test_what_a_judge_or_a_person_decided_otherwise_is_told(lake: Lake):
    def decided(reasons: str, verdict: str, by: str | None) -> None:
        row = {
            "recipe": "r", "night": NIGHT, "rollout_id": "a1", "prompt_id": "a", "accepted": not reasons,
            "reasons": [reasons] if reasons else [], "verdict": verdict, "decided_by": by,
        }  # fmt: skip
        frame = pl.DataFrame([row], schema=TABLES["selected"].schema)
        lake.replace("selected", {"recipe": "r", "night": NIGHT}, frame, inputs=lake.versions(READ))

    add(lake, "rollouts", {"rollout_id": "a1", "prompt_id": "a"})
    decided("verification:judge_has_no_vote", "unknown", None)
    decided("", "right", "judge")
    assert changed(lake) == {"a1": ("accepted", "decided by nobody → judge: unknown → right")}
    decided("verification:rejected_by_person", "wrong", "person")
    assert changed(lake) == {"a1": ("rejected", "decided by judge → person: right → wrong")}
