"""Near-duplicates over nights."""

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.dedup import Found, documents, find, pending
from r1data.errors import SchemaError
from r1data.recipe import Duplicates
from r1data.schema import TABLES
from r1data.schema.facts import DUPLICATES, SIGNATURES
from tests.curate.dedup.reference import jaccard, shingles

LONG = " ".join(f"word{i}" for i in range(100))
NEAR = LONG.replace("word50", "other")
TRACES = Path(__file__).parents[4] / "shared" / "data" / "traces_misguided_attention_a.parquet"
NONE = SIGNATURES.empty().lazy()


def texts(*rows: tuple[str, str, str]) -> pl.LazyFrame:
    schema = {"night": pl.String, "rollout_id": pl.String, "text": pl.String}
    return pl.LazyFrame(list(rows), schema=schema, orient="row").with_columns(scope=pl.lit(""))


def find_in(rows: pl.LazyFrame, signatures: pl.LazyFrame = NONE, stored: pl.LazyFrame | None = None) -> Found:
    return find(rows, signatures, rows if stored is None else stored, Duplicates())


def pairs(found: Found) -> list[tuple[str, str, float]]:
    rounded = found.duplicates.select("rollout_id", "twin_id", pl.col("jaccard").round(2))
    return rounded.rows()


def test_near_duplicates_are_pairs_with_their_exact_similarity() -> None:
    found = find_in(texts(("n1", "a", LONG), ("n1", "b", NEAR), ("n1", "c", "something else altogether")))
    assert pairs(found) == [("b", "a", round(91 / 101, 2))]
    assert found.duplicates.schema == DUPLICATES.schema
    assert found.signatures.schema == SIGNATURES.schema
    assert found.signatures["rollout_id"].to_list() == ["a", "b", "c"]
    assert found.signatures["signature"].bin.size().unique().to_list() == [512]


def test_copies_point_to_the_earliest_and_only_it_has_bands() -> None:
    found = find_in(texts(("n2", "a", LONG), ("n1", "z", LONG), ("n2", "b", LONG)))
    assert pairs(found) == [("a", "z", 1.0), ("b", "z", 1.0)]
    assert found.signatures.filter(pl.col("bands").is_not_null())["rollout_id"].to_list() == ["z"]


def test_every_verified_pair_is_stored_not_only_that_with_the_first() -> None:
    other = LONG.replace("word9 ", "ninth ")
    found = find_in(texts(("n1", "a", LONG), ("n1", "b", NEAR), ("n1", "c", other)))
    assert [pair[:2] for pair in pairs(found)] == [("b", "a"), ("c", "a"), ("c", "b")]


def test_a_later_night_joins_history_and_compares_its_own_traces_only() -> None:
    first = texts(("n1", "a", LONG), ("n1", "b", NEAR))
    stored = find_in(first)
    second = texts(("n2", "c", LONG.replace("word1 ", "x ")))
    found = find_in(second, stored.signatures.lazy(), pl.concat([first, second]))
    assert [pair[:2] for pair in pairs(found)] == [("c", "a"), ("c", "b")]
    assert found.duplicates["twin_night"].to_list() == ["n1", "n1"]
    assert found.signatures["rollout_id"].to_list() == ["c"]


def test_a_backfilled_night_is_the_twin_of_later_ones() -> None:
    second = texts(("n2", "a", LONG))
    stored = find_in(second)
    first = texts(("n1", "b", NEAR))
    found = find_in(first, stored.signatures.lazy(), pl.concat([first, second]))
    assert found.duplicates.select("night", "rollout_id", "twin_id", "twin_night").row(0) == (
        "n2",
        "a",
        "b",
        "n1",
    )


@settings(max_examples=15)
@given(st.data())
def test_nights_in_any_order_and_any_parts_give_the_same_pairs(data: st.DataObject) -> None:
    rows = [(f"n{place % 3}", f"{place}", LONG.replace(f"word{place * 9} ", "x ")) for place in range(6)]
    order = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    everything = texts(*rows)
    whole = find_in(everything)
    first = find_in(texts(*order[:cut]), stored=everything)
    second = find_in(texts(*order[cut:]), first.signatures.lazy(), everything)
    parts = pl.concat([first.duplicates, second.duplicates]).sort("night", "rollout_id", "twin_id")
    assert parts.equals(whole.duplicates)
    assert parts.height == 15


def test_a_run_that_died_before_its_signatures_finds_the_same_again() -> None:
    rows = texts(("n1", "a", LONG), ("n1", "b", NEAR))
    died = find_in(rows)
    again = find_in(rows, died.signatures.lazy())
    assert again.duplicates.equals(died.duplicates)
    assert again.signatures.equals(died.signatures)


def test_pending_traces_are_those_without_a_signature_of_this_algorithm() -> None:
    rows = texts(("n1", "a", LONG), ("n1", "b", NEAR))
    signatures = find_in(rows.head(1)).signatures.lazy()
    assert pending(rows, signatures, Duplicates()).collect()["rollout_id"].to_list() == ["b"]
    assert pending(rows, signatures, Duplicates(threshold=0.9)).collect().height == 2


def test_a_document_is_the_prompt_and_the_whole_completion() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1 + 1?"}]
    prompts = pl.LazyFrame({"prompt_id": ["p"], "messages": [messages], "source": ["mine"]})
    rollouts = pl.LazyFrame(
        {"night": ["n"], "rollout_id": ["a"], "prompt_id": ["p"], "completion": ["<think>…"]}
    )
    assert documents(rollouts, prompts).collect().rows() == [("n", "a", "", "Be brief.\n1 + 1?\n<think>…")]
    scopes = [documents(rollouts, prompts, scope).collect()["scope"][0] for scope in ("prompt", "source")]
    assert scopes == ["p", "mine"]


def test_traces_of_different_scopes_are_no_pair_even_over_nights() -> None:
    first = texts(("n1", "a", LONG), ("n1", "b", LONG)).with_columns(scope=pl.col("rollout_id"))
    stored = find_in(first)
    assert pairs(stored) == []
    second = texts(("n2", "c", NEAR)).with_columns(scope=pl.lit("b"))
    found = find_in(second, stored.signatures.lazy(), pl.concat([first, second]))
    assert [pair[:2] for pair in pairs(found)] == [("c", "b")]


def test_a_trace_without_text_is_an_error_that_names_it() -> None:
    with pytest.raises(SchemaError, match="Rollout a has no text"):
        find_in(texts(("n1", "a", None)))  # type: ignore[arg-type]


def test_a_signature_without_a_rollout_is_an_error_that_names_one() -> None:
    stored = find_in(texts(("n1", "a", LONG)))
    rows = texts(("n1", "b", NEAR))
    with pytest.raises(SchemaError, match="such as a"):
        find_in(rows, stored.signatures.lazy())


def test_a_night_without_traces_finds_nothing() -> None:
    found = find_in(texts())
    assert found.duplicates.equals(TABLES["duplicates"].empty())
    assert found.signatures.is_empty()


@pytest.mark.skipif(not TRACES.exists(), reason="real traces are not beside the project")
def test_real_traces_with_edits_are_found_as_exact_comparison_finds_them() -> None:
    dice = random.Random(0)
    real = pl.read_parquet(TRACES, columns=["thinking"])["thinking"].str.slice(0, 3000).to_list()[:60]

    def edited(text: str, share: float) -> str:
        return " ".join(word if dice.random() > share else f"{word}!" for word in text.split())

    copies = [edited(text, share) for text, share in zip(real, (0.002, 0.01, 0.02, 0.03) * 15, strict=True)]
    rows = texts(*(("n1", f"{i:03}", text) for i, text in enumerate(real + copies)))
    found = {pair[:2] for pair in pairs(find_in(rows))}
    sets = {f"{i:03}": shingles(text) for i, text in enumerate(real + copies)}
    exact = {(b, a) for a in sets for b in sets if a < b and jaccard(sets[a], sets[b]) >= 0.8}
    assert found <= exact
    assert len(found) >= 0.98 * len(exact) > 30
