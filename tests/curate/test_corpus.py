"""What the corpus says of an accepted trace."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from r1data.curate.corpus import corpus
from r1data.curate.gate import check_corpus
from r1data.curate.select import select
from r1data.errors import GateError
from r1data.recipe.night import Checks
from r1data.schema import TABLES
from r1data.schema.corpus import CORPUS
from r1data.schema.facts import TOKEN_COUNTS
from r1data.text import split

Make = Callable[..., Any]


def make_corpus(
    ledgers: dict[str, pl.LazyFrame], recipe: Any, counts: pl.DataFrame = TOKEN_COUNTS.empty()
) -> pl.DataFrame:
    teachers = pl.DataFrame({"teacher_id": ["t"], "terms": ["Apache-2.0"]})
    all_columns = pl.concat([TABLES["teachers"].empty(), teachers], how="diagonal").lazy()
    return corpus(
        select(**ledgers, recipe=recipe),
        rollouts=ledgers["rollouts"],
        prompts=ledgers["prompts"],
        prompt_references=ledgers["prompt_references"],
        verdicts=ledgers["verdicts"],
        reviews=ledgers["reviews"],
        teachers=all_columns,
        token_counts=counts.lazy(),
    ).collect()


def test_it_holds_the_accepted_traces_with_their_texts(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a"}, {"id": "b", "verdict": "wrong"})
    out = make_corpus(ledgers, make_recipe())
    assert out.schema == CORPUS.schema
    assert out["rollout_id"].to_list() == ["a"]
    row = out.row(0, named=True)
    completion = ledgers["rollouts"].collect()["completion"][0]
    assert (row["reasoning"], row["answer"]) == split(completion) == ("Because a.", "answer a")
    assert (row["terms"], row["reward"], row["rank"], row["recipe"]) == ("Apache-2.0", 1.0, 1, "r")


def test_undecided_rollouts_count_neither_way_in_the_pass_rate(make_ledgers: Make, make_recipe: Make) -> None:
    verdicts = ["right", "wrong", "wrong", "unknown"]
    ledgers = make_ledgers(*({"id": str(i), "verdict": verdict} for i, verdict in enumerate(verdicts)))
    assert make_corpus(ledgers, make_recipe())["pass_rate"].to_list() == [pytest.approx(1 / 3)]


def test_a_night_without_accepted_traces_makes_an_empty_corpus(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": "wrong"})
    assert make_corpus(ledgers, make_recipe()).equals(CORPUS.empty())


@pytest.mark.parametrize(
    ("verdict", "reason", "decided_by", "counted"),
    [
        ("unknown", "timeout", None, True),
        ("unknown", "truncated", None, False),
        ("unknown", "no_rule", None, False),
        ("unknown", "timeout", "judge", False),
        ("unknown", "timeout", "person", False),
    ],
)
def test_the_gate_counts_the_unknown_verdicts_that_nobody_else_decided(
    verdict: str, reason: str, decided_by: str | None, counted: bool
) -> None:
    row = {"verifier": "exact", "verdict": verdict, "reason": reason, "decided_by": decided_by}
    verdicts = pl.LazyFrame([row], schema_overrides={"decided_by": pl.String})
    checks = Checks(min_accepted=0, max_unknown_share=0.5)
    if counted:
        with pytest.raises(GateError, match="max_unknown_share"):
            check_corpus(0, verdicts, checks, night="2026-01-02")
    else:
        check_corpus(0, verdicts, checks, night="2026-01-02")


def test_the_students_tokens_are_of_the_text_that_counts(make_ledgers: Make, make_recipe: Make) -> None:
    counted = [("2026-01-02", "a", "", "d", 9, 21), ("2026-01-02", "b", "an older edit", "d", 9, 22)]
    counts = pl.DataFrame(counted, schema=TOKEN_COUNTS.schema, orient="row")
    out = make_corpus(make_ledgers({"id": "a"}, {"id": "b"}), make_recipe(), counts).sort("rollout_id")
    assert out["student_tokens"].to_list() == [21, None]
