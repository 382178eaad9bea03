"""Runs of words that many texts share do not make them duplicates."""

from dataclasses import replace

import polars as pl

from r1data.curate.dedup import algorithm, find, near_duplicates
from r1data.curate.dedup.boilerplate import common, of_phrases
from r1data.curate.dedup.sign import USUAL
from r1data.recipe import Duplicates
from r1data.schema.facts import SIGNATURES

PHRASE = " ".join(f"habit{i}" for i in range(1200))
OWN = [" ".join(f"{name}{i}" for i in range(60)) for name in ("a", "b", "c", "d")]
TEXTS = [f"{PHRASE} {own}" for own in OWN]


def kept(ignored: frozenset[int], texts: list[str]) -> list[bool]:
    rows = pl.LazyFrame({"id": range(len(texts)), "text": texts})
    return near_duplicates(rows, id="id", text="text", scheme=replace(USUAL, ignored=ignored))[
        "kept"
    ].to_list()


def test_texts_that_share_boilerplate_only_are_kept_and_real_copies_fall():
    assert kept(frozenset(), TEXTS) == [True, False, False, False]
    ignored = of_phrases([PHRASE])
    assert kept(ignored, TEXTS) == [True] * 4
    assert kept(ignored, [*TEXTS, f"{OWN[0]} {PHRASE}"]) == [True] * 4 + [False]


def test_what_most_texts_have_is_found_as_boilerplate():
    found = common(pl.Series([*TEXTS, None, "something else altogether, and nothing more"]), share=0.5)
    assert of_phrases([PHRASE]) <= found
    assert not of_phrases(OWN) & found


def test_a_recipe_that_lists_phrases_is_another_algorithm():
    settings = Duplicates(boilerplate=(PHRASE,))
    assert algorithm(settings) != algorithm(Duplicates())
    rows = pl.LazyFrame({"night": ["n"] * 4, "rollout_id": list("abcd"), "scope": [""] * 4, "text": TEXTS})
    none = SIGNATURES.empty().lazy()
    assert find(rows, none, rows, settings).duplicates.is_empty()
    assert find(rows, none, rows, Duplicates()).duplicates.height == 6
