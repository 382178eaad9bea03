"""`r1data diff` on nights of the scripted engine."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest

from r1data.lake import Lake
from r1data.schema import TABLES
from tests.cli.conftest import NEXT, NIGHT

Run = Callable[..., int]


@pytest.fixture
def objects(r1data: Run, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, object]]]:
    """What `r1data diff` prints as JSON, by row."""

    def run(*words: object) -> list[dict[str, object]]:
        capsys.readouterr()
        assert r1data("diff", *words, "--json") == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def correct_reference(lake: Lake) -> str:
    """Store another reference for a prompt that no attempt solved, what its second one says; returns it."""
    marked = lake.scan("selected", NIGHT).collect()
    solved = marked.filter(pl.col("reasons").list.len() == 0)
    unsolved = marked.join(solved, on="prompt_id", how="anti").sort("prompt_id", "rollout_id")
    verdicts = lake.scan("verdicts").filter(verifier="math").collect()
    one = unsolved.join(verdicts, on="rollout_id").row(1, named=True)
    old = lake.scan("prompt_references").filter(prompt_id=one["prompt_id"]).collect()
    later = pl.lit(datetime(2030, 1, 1, tzinfo=UTC))
    new = old.with_columns(
        reference=pl.lit(one["extracted"]),
        reference_version=pl.lit("corrected"),
        added_at=later.cast(TABLES["prompt_references"].schema["added_at"]),
    )
    assert lake.append("prompt_references", new).n_rows == 1
    return one["prompt_id"]


def test_a_corrected_reference_and_another_night_are_told_with_their_reasons(
    objects, r1data: Run, next_lake: Lake, capsys
):
    prompt = correct_reference(next_lake)
    assert r1data("verify", "--night", NIGHT) == 0
    rows = objects(NIGHT)
    assert {row["prompt_id"] for row in rows} == {prompt}
    accepted = [row for row in rows if row["change"] == "accepted"]
    assert accepted, "what was wrong is right by the new reference"
    for row in accepted:
        assert row["before"] == "rejected: verification:different"
        assert str(row["after"]).startswith("accepted, rank")
        assert str(row["why"]).startswith("reference ") and "math: wrong → right" in str(row["why"])
    first, second = next_lake.history("selected").sort("version")["version"].to_list()[-2:]
    assert objects(f"{NIGHT}@{first}", f"{NIGHT}@{second}") == rows
    assert objects(f"{NIGHT}@{second}") == []
    assert len(objects(f"{NIGHT}@0")) == 72, "before the first selection"

    capsys.readouterr()
    assert r1data("diff", NIGHT) == 0
    printed = capsys.readouterr().out
    assert f"{len(rows)} changed: " in printed and prompt[:12] in printed and prompt not in printed

    nights = {row["prompt_id"]: row for row in objects(NIGHT, NEXT)}
    plans = next_lake.scan("plan").collect()
    new = plans.filter(night=NEXT, reason="new")["prompt_id"].unique()
    assert {p for p, row in nights.items() if row["change"] == "new"} == set(new)
    gone = plans.filter(night=NIGHT).join(plans.filter(night=NEXT), on="prompt_id", how="anti")["prompt_id"]
    assert {p for p, row in nights.items() if row["change"] == "gone"} == set(gone)
    assert {row["why"] for row in nights.values() if row["change"] == "solved"} <= {
        "planned as unsolved", "planned as more",
    }  # fmt: skip


def test_what_is_no_night_or_was_not_selected_is_refused_in_one_line(r1data: Run, capsys):
    assert r1data("diff", "yesterday") == 2
    assert "Write it as 2026-01-31" in capsys.readouterr().err
    assert r1data("diff", NIGHT) == 1
    assert "has no selection of night" in capsys.readouterr().err
