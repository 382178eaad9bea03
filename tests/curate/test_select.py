"""Who is accepted, and what is said of the others."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1data.curate.select import select
from r1data.recipe import Language, Recipe
from r1data.schema import TABLES
from r1data.schema.corpus import SELECTED

Make = Callable[..., Any]


def accepted(selected: pl.LazyFrame) -> list[str]:
    return selected.filter("accepted").collect()["rollout_id"].to_list()


def test_the_shortest_of_each_prompt_are_accepted_and_ranked(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a", "tokens": 9}, {"id": "b", "tokens": 3}, {"id": "c", "tokens": 3})
    out = select(**ledgers, recipe=make_recipe(keep_per_prompt=2)).collect()
    assert out.schema == SELECTED.schema
    assert out.select("rollout_id", "accepted", "rank", "stage").rows() == [
        ("a", False, 3, "selection"),
        ("b", True, 1, None),
        ("c", True, 2, None),
    ]


@pytest.mark.parametrize(("order", "best"), [("shortest", "b"), ("longest", "c"), ("random", "a")])
def test_the_recipe_says_which_trace_is_best(
    make_ledgers: Make, make_recipe: Make, order: str, best: str
) -> None:
    ledgers = make_ledgers({"id": "a", "tokens": 5}, {"id": "b", "tokens": 1}, {"id": "c", "tokens": 9})
    assert accepted(select(**ledgers, recipe=make_recipe(keep_per_prompt=1, order=order))) == [best]


@pytest.mark.parametrize(
    ("order", "ranked"), [("shortest", ["c", "b", "aaa", "aaaa"]), ("longest", ["b", "c", "aaaa", "aaa"])]
)
def test_traces_whose_tokens_nobody_counted_come_last_by_their_characters(
    make_ledgers: Make, make_recipe: Make, order: str, ranked: list[str]
) -> None:
    counted = {"id": "b", "tokens": 5}, {"id": "c", "tokens": 1}
    ledgers = make_ledgers({"id": "aaaa", "tokens": None}, *counted, {"id": "aaa", "tokens": None})
    out = select(**ledgers, recipe=make_recipe(order=order)).collect()
    assert out.sort("rank")["rollout_id"].to_list() == ranked


@pytest.mark.parametrize(
    ("fact", "stage", "reason"),
    [
        ({"finish": "length"}, "generation", "generation:length"),
        ({"finish": None}, "generation", "generation:unknown"),
        ({"verdict": "wrong"}, "verification", "verification:different"),
        ({"verdict": "unknown"}, "verification", "verification:timeout"),
        ({"form": "wrong"}, "format", "format:different"),
        ({"foreign": 1}, "language", "language:mixed_language"),
        ({"foreign": None}, "language", "language:unknown_script"),
        ({"repetition": 0.8}, "readability", "readability:repetition"),
        ({"blocks": 1}, "readability", "readability:code_blocks"),
        ({"benchmark": "aime"}, "contamination", "contamination:aime"),
    ],
)
def test_every_stage_rejects_with_its_reason(
    make_ledgers: Make, make_recipe: Make, fact: dict[str, Any], stage: str, reason: str
) -> None:
    out = select(**make_ledgers({"id": "a"} | fact), recipe=make_recipe()).collect()
    assert out.select("accepted", "rank", "stage", "reasons").row(0) == (False, None, stage, [reason])


def test_a_prompt_without_a_licence_is_rejected_where_the_recipe_wants_one(
    make_ledgers: Make, make_recipe: Make
) -> None:
    ledgers = make_ledgers({"id": "a"}, {"id": "b", "prompt": "q"})
    stated = pl.when(pl.col("prompt_id") == "q").then(pl.lit("MIT"))
    ledgers["prompts"] = ledgers["prompts"].with_columns(licence=stated)
    assert accepted(select(**ledgers, recipe=make_recipe())) == ["a", "b"]
    out = select(**ledgers, recipe=make_recipe(licence_required=True)).collect()
    assert out["reasons"].to_list() == [["selection:no_licence"], []]


def test_all_reasons_are_kept_in_the_order_of_the_stages(make_ledgers: Make, make_recipe: Make) -> None:
    trace = {"id": "a", "benchmark": "aime", "finish": "length", "foreign": 3}
    out = select(**make_ledgers(trace), recipe=make_recipe()).collect()
    assert out["stage"].item() == "generation"
    assert out["reasons"].item().to_list() == [
        "generation:length",
        "language:mixed_language",
        "contamination:aime",
    ]


@pytest.mark.parametrize("missing", ["verdicts", "language", "readability", "contamination"])
def test_a_missing_fact_rejects(make_ledgers: Make, make_recipe: Make, missing: str) -> None:
    ledgers = make_ledgers({"id": "a"}) | {missing: TABLES[missing].empty().lazy()}
    out = select(**ledgers, recipe=make_recipe()).collect()
    assert not out["accepted"].item()
    assert out["reasons"].item()[0].endswith((":unmeasured", ":unverified"))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("verdicts", "verifier_version"),
        ("language", "version"),
        ("readability", "version"),
        ("duplicates", "algorithm"),
    ],
)
def test_facts_of_other_versions_do_not_count(
    make_ledgers: Make, make_recipe: Make, table: str, column: str
) -> None:
    ledgers = make_ledgers({"id": "a"}, {"id": "b", "tokens": 11}, pairs=[("b", "a", 0.9)])
    now = accepted(select(**ledgers, recipe=make_recipe()))
    ledgers[table] = ledgers[table].with_columns(pl.lit("of old").alias(column))
    then = accepted(select(**ledgers, recipe=make_recipe()))
    assert now == ["a"]
    assert then == (["a", "b"] if table == "duplicates" else [])


def test_verdicts_on_a_corrected_reference_do_not_count(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a"})
    corrected = ledgers["prompt_references"].with_columns(
        pl.lit("v2").alias("reference_version"), pl.col("added_at").dt.offset_by("1d")
    )
    ledgers["prompt_references"] = pl.concat([corrected, ledgers["prompt_references"]])
    out = select(**ledgers, recipe=make_recipe()).collect()
    assert out["reasons"].item().to_list() == ["verification:unverified"]


def test_code_prompts_may_hold_code_blocks(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a", "blocks": 2})
    ledgers["prompts"] = ledgers["prompts"].with_columns(domain=pl.lit("code"))
    assert accepted(select(**ledgers, recipe=make_recipe())) == ["a"]


def test_thresholds_come_from_the_recipe(make_ledgers: Make, make_recipe: Make) -> None:
    recipe = make_recipe(language=Language(max_foreign_chars=2))
    assert accepted(select(**make_ledgers({"id": "a", "foreign": 2}), recipe=recipe)) == ["a"]


def test_a_rejected_trace_takes_no_twin_with_it(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": "wrong"}, {"id": "b"}, pairs=[("b", "a", 0.9)])
    assert accepted(select(**ledgers, recipe=make_recipe())) == ["b"]


def test_a_twin_of_a_twin_is_kept(make_ledgers: Make, make_recipe: Make) -> None:
    traces = ({"id": name, "tokens": place} for place, name in enumerate("abc"))
    out = select(**make_ledgers(*traces, pairs=[("b", "a", 0.9), ("c", "b", 0.9)]), recipe=make_recipe())
    assert accepted(out) == ["a", "c"]
    assert out.collect().row(1, named=True)["twin_id"] == "a"
    assert out.collect().row(1, named=True)["reasons"] == ["duplicates:near_duplicate"]


def test_copies_of_a_rejected_trace_are_duplicates_of_each_other(
    make_ledgers: Make, make_recipe: Make
) -> None:
    traces = (
        {"id": "a", "finish": "length"},
        {"id": "b", "tokens": 1},
        {"id": "c", "tokens": 2},
        {"id": "d", "tokens": 3},
    )
    ledgers = make_ledgers(*traces, pairs=[("b", "a", 1.0), ("c", "a", 1.0), ("d", "a", 0.9)])
    assert accepted(select(**ledgers, recipe=make_recipe())) == ["b"]


def test_what_an_earlier_night_accepted_wins(make_ledgers: Make, make_recipe: Make) -> None:
    ledgers = make_ledgers({"id": "a"}, {"id": "b"}, pairs=[("b", "old", 0.9)])
    ledgers["accepted_before"] = pl.LazyFrame({"rollout_id": ["old", "unrelated"], "prompt_id": ["q", "r"]})
    out = select(**ledgers, recipe=make_recipe()).collect()
    assert out.select("rollout_id", "accepted", "twin_id").rows() == [("a", True, None), ("b", False, "old")]


def test_what_earlier_nights_accepted_of_a_prompt_counts_among_those_that_it_keeps(
    make_ledgers: Make, make_recipe: Make
) -> None:
    ledgers = make_ledgers({"id": "a"}, {"id": "b", "tokens": 11}, {"id": "c", "prompt": "q"})
    ledgers["accepted_before"] = pl.LazyFrame({"rollout_id": ["old"], "prompt_id": ["p"]})
    out = select(**ledgers, recipe=make_recipe(keep_per_prompt=2)).collect()
    assert out.select("rollout_id", "accepted", "rank").rows() == [
        ("a", True, 1),
        ("b", False, 2),
        ("c", True, 1),
    ]
    assert out["reasons"].to_list()[1] == ["selection:beyond_keep_per_prompt"]


def test_a_trace_may_be_a_duplicate_and_beyond_what_its_prompt_keeps(
    make_ledgers: Make, make_recipe: Make
) -> None:
    ledgers = make_ledgers({"id": "a"}, {"id": "b", "tokens": 11}, pairs=[("b", "a", 0.9)])
    out = select(**ledgers, recipe=make_recipe(keep_per_prompt=1)).collect()
    assert out["reasons"].to_list()[1] == ["duplicates:near_duplicate", "selection:beyond_keep_per_prompt"]
    assert out["stage"].to_list()[1] == "duplicates"


def test_a_twin_that_only_another_recipe_accepted_drops_nothing(
    make_ledgers: Make, make_recipe: Make
) -> None:
    ledgers = make_ledgers({"id": "a"}, pairs=[("a", "of another recipe", 1.0)])
    assert accepted(select(**ledgers, recipe=make_recipe())) == ["a"]


def test_texts_are_read_only_where_nobody_counted_tokens(make_ledgers: Make, make_recipe: Make) -> None:
    def read(texts: pl.Series) -> pl.Series:
        seen.extend(texts)
        return texts

    seen: list[str] = []
    ledgers = make_ledgers({"id": "a"}, {"id": "b", "tokens": None})
    watched = pl.col("completion").map_batches(read, return_dtype=pl.String, is_elementwise=True)
    ledgers["rollouts"] = ledgers["rollouts"].with_columns(watched)
    assert select(**ledgers, recipe=make_recipe()).collect()["accepted"].all()
    assert {text.rsplit(" ", 1)[1] for text in seen} == {"b"}


def test_a_night_without_rollouts_selects_nothing(make_ledgers: Make, make_recipe: Make) -> None:
    assert select(**make_ledgers(), recipe=make_recipe()).collect().equals(SELECTED.empty())


NAMES = "abcdefgh"
TRACE = st.fixed_dictionaries(
    {
        "prompt": st.sampled_from("pq"),
        "tokens": st.integers(1, 4),
        "verdict": st.sampled_from(["right", "right", "wrong"]),
    }
)
PAIR = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([0.8, 0.9, 1.0]))


def twins_of(pairs: list[tuple[str, str, float]]) -> dict[str, set[str]]:
    """Twins by trace: paired, or paired by way of traces that are equal to either."""
    equals = {name: {name} for name in NAMES}
    for later, earlier, jaccard in pairs:
        if jaccard == 1:
            merged = equals[later] | equals[earlier]
            equals |= {name: merged for name in merged}
    twins = {name: set(equals[name]) for name in NAMES}
    for later, earlier, _ in pairs:
        for one in equals[later]:
            twins[one] |= equals[earlier]
        for one in equals[earlier]:
            twins[one] |= equals[later]
    return {name: found - {name} for name, found in twins.items()}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    traces=st.lists(TRACE, min_size=1, max_size=len(NAMES)),
    drawn=st.lists(PAIR, max_size=10),
    keep=st.integers(1, 3),
)
def test_survivors_have_no_accepted_twin_and_nothing_good_is_lost(
    make_ledgers: Make, make_recipe: Make, traces: list[dict[str, Any]], drawn: list[Any], keep: int
) -> None:
    pairs = [(max(pair[:2]), min(pair[:2]), pair[2]) for pair in drawn if pair[0] != pair[1]]
    named = [{"id": name} | trace for name, trace in zip(NAMES, traces, strict=False)]
    recipe: Recipe = make_recipe(keep_per_prompt=keep)
    out = select(**make_ledgers(*named, pairs=pairs), recipe=recipe).collect()
    twins, kept = twins_of(pairs), set(out.filter("accepted")["rollout_id"])
    full = {p for p, n in out.filter("accepted")["prompt_id"].value_counts().rows() if n == keep}
    assert max([0, *out.filter("accepted")["prompt_id"].value_counts()["count"]]) <= keep
    for row in out.iter_rows(named=True):
        accepted_twins = twins[row["rollout_id"]] & kept
        if row["accepted"]:
            assert not accepted_twins
        elif row["rank"] is not None:  # eligible, and yet dropped
            assert row["twin_id"] in accepted_twins or row["prompt_id"] in full
