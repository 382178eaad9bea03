"""What the corpus says of an accepted trace."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from r1data.curate.corpus import corpus
from r1data.curate.select import select
from r1data.schema import TABLES
from r1data.schema.corpus import CORPUS
from r1data.text import split

Make = Callable[..., Any]


def make_corpus(ledgers: dict[str, pl.LazyFrame], recipe: Any) -> pl.DataFrame:
    teachers = pl.DataFrame({"teacher_id": ["t"], "terms": ["Apache-2.0"]})
    all_columns = pl.concat([TABLES["teachers"].empty(), teachers], how="diagonal").lazy()
    return corpus(
        select(**ledgers, recipe=recipe),
        rollouts=ledgers["rollouts"],
        prompts=ledgers["prompts"],
        prompt_references=ledgers["prompt_references"],
        verdicts=ledgers["verdicts"],
        teachers=all_columns,
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
