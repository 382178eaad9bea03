from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data import ids
from r1data.curate.decontaminate import contamination, version
from r1data.curate.decontaminate.match import align, chain
from r1data.recipe import Contamination
from r1data.schema import TABLES

DATA = Path(__file__).parents[4] / "shared" / "data"

LONG = "Tom has 3 boxes with 5 books in each box and 4 extra books. How many books does Tom have in total?"
SUFFIX = " Please reason step by step, and put your final answer within a box."


def items(*texts, benchmark="heldout"):
    messages = [[{"role": "user", "content": text}] for text in texts]
    return pl.LazyFrame(
        {
            "benchmark": [benchmark] * len(texts),
            "item_id": [ids.prompt_id(one) for one in messages],
            "messages": messages,
        },
        schema={name: TABLES["benchmarks"].schema[name] for name in ("benchmark", "item_id", "messages")},
    )


def compared(texts, benchmarks, **options):
    subjects = pl.LazyFrame(
        {
            "subject": ["trace"] * len(texts),
            "subject_id": [f"r{i}" for i in range(len(texts))],
            "night": ["2026-01-01"] * len(texts),
            "text": texts,
        },
        schema={name: pl.String for name in ("subject", "subject_id", "night", "text")},
    )
    return contamination(subjects, benchmarks, Contamination(**options))


def methods(texts, benchmarks, **options):
    return compared(texts, benchmarks, **options)["method"].to_list()


def test_every_subject_has_a_row_and_a_hit_names_item_and_shared_words():
    table = compared(["nothing of it", f"Question: {LONG} Well."], items(LONG))
    assert table.schema == TABLES["contamination"].schema
    clean, hit = table.to_dicts()
    assert (clean["subject_id"], clean["contaminated"], clean["benchmark"], clean["evidence"]) == (
        "r0",
        False,
        None,
        None,
    )
    assert (hit["contaminated"], hit["benchmark"], hit["method"]) == (True, "heldout", "ngram")
    assert hit["item_id"] == items(LONG).collect().item(0, "item_id")
    assert hit["evidence"] == LONG.removesuffix("?")
    assert (hit["offset_chars"], hit["length_chars"], hit["similarity"]) == (10, len(LONG) - 1, 1)


@pytest.mark.parametrize("text", [LONG, LONG.upper(), f"  {LONG}\n", LONG.replace("3 boxes", "$3$  boxes")])
def test_the_same_text_is_exact_whatever_its_case_and_blanks(text):
    assert methods([text], items(LONG)) == ["exact"]


def test_a_part_of_an_item_with_all_its_numbers_is_a_hit():
    assert methods([LONG.replace("How many books does Tom have in total?", "Count them.")], items(LONG)) == [
        "ngram"
    ]


@pytest.mark.parametrize(
    "text",
    [
        LONG.replace("3", "6"),
        LONG.replace("3 boxes with 5", "5 boxes with 3"),
        LONG.replace("4 extra", "seven extra"),
        "Tom has 3 boxes. There are 5 books. He has 4 extra books.",
    ],
)
def test_the_same_template_with_other_numbers_or_words_is_another_problem(text):
    assert methods([text], items(LONG)) == [None]


def test_numbers_may_be_spelled_out():
    assert methods([f"So: {LONG.replace('4 extra', 'four extra')}"], items(LONG)) == ["ngram"]


def test_a_short_item_counts_only_when_it_is_contained_whole():
    short = items("What is 3 + 4?")
    texts = [
        "What is 3 + 4?",
        "So, what is 3+4? It is 7.",
        "What is 3 + 4 + 5?",
        "What is 4 + 3?",
        "3 + 4 = 7",
    ]
    assert methods(texts, short) == ["exact", "ngram", None, None, None]


def test_a_very_short_item_counts_only_as_the_whole_text():
    assert methods(["2 + 2", "What is 2 + 2 and 3 + 3?"], items("2+2")) == ["exact", None]


def test_words_that_all_items_share_are_no_evidence():
    benchmark = items(
        *(f"Name the {word} of the sea.{SUFFIX}" for word in ("king", "colour", "depth", "sound", "salt"))
    )
    assert methods([f"Name the end of the world.{SUFFIX}"], benchmark) == [None]
    assert methods([f"Name the depth of the sea.{SUFFIX}"], benchmark) == ["exact"]


def test_chinese_is_compared_by_characters():
    item = "小明有三个苹果，妈妈又给了他十二个苹果。小明现在一共有多少个苹果？"
    assert methods([f"题目：{item}请回答。", "小明有很多书，妈妈又给了他一支笔。"], items(item)) == [
        "ngram",
        None,
    ]


def test_runs_do_not_reach_over_texts():
    half = LONG.index("each box")
    assert methods([LONG[:half], LONG[half:]], items(LONG), ngram_words=12) == [None, None]


def test_the_run_length_is_the_recipes():
    text = "Tom has 3 boxes with 5 books in each row, and 4 boxes have none at all; how many pens are there?"
    assert methods([text], items(LONG), ngram_words=10) == [None]
    assert methods([text], items(LONG), ngram_words=5) == ["ngram"]


def test_without_benchmarks_or_subjects_nothing_is_contaminated():
    assert methods(["some text", ""], items()) == [None, None]
    assert compared([], items(LONG)).schema == TABLES["contamination"].schema


def test_the_version_follows_items_thresholds_and_models_and_no_address():
    embedding = {"url": "http://a/v1", "model": "m"}
    settings = [
        {},
        {"ngram_words": 13},
        {"similarity": 0.7},
        {"coverage": 0.6},
        {"more_numbers": 0.5},
        {"embedding": embedding},
        {"embedding": {**embedding, "model": "n"}},
        {"embedding": {**embedding, "judge": "j"}},
    ]
    versions = [version(items("a"), Contamination(**changed)) for changed in settings]
    assert len({*versions, version(items("b"), Contamination())}) == len(settings) + 1
    moved = Contamination(embedding={**embedding, "url": "http://b/v1"}, max_false_hits=1)
    assert version(items("a"), moved) == versions[5] and "+m+" in versions[5]
    assert version(items("a", "b"), Contamination()) == version(items("b", "a"), Contamination())


PIECES = ["red", "blue", "box", "3", "4", "5", "the", "of,", "中", "文", "$x$", "?"]
WORDS = st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)


@settings(max_examples=60)
@given(item=WORDS, before=WORDS, after=WORDS)
def test_an_item_of_enough_words_is_found_wherever_it_stands(item, before, after):
    n_words = len([word for word in item.split() if word.strip("$?,")])
    hit = compared([f"{before} {item} {after}"], items(item), ngram_words=6)["contaminated"][0]
    assert hit or n_words < 6


@pytest.mark.skipif(not DATA.is_dir(), reason="the data for checks is not beside the project")
def test_planted_benchmark_rows_are_found_and_clean_rows_are_not():
    gsm8k = pl.read_parquet(DATA / "math_gsm8k_test.parquet")["question"].to_list()
    math = pl.read_parquet(DATA / "math_MATH500.parquet")["problem"].to_list()
    benchmarks = pl.concat([items(*gsm8k, benchmark="gsm8k"), items(*math, benchmark="math500")])
    mix = pl.read_parquet(DATA / "decontam_mix_a.parquet").select("text", "kind")
    aime = pl.read_parquet(DATA / "math_aime_1983_2023.parquet").select(text="problem", kind=pl.lit("aime"))
    texts = pl.concat([mix, aime])
    hit = compared(texts["text"].to_list(), benchmarks)["contaminated"]
    share = texts.with_columns(hit=hit).group_by("kind").agg(pl.col("hit").mean())
    found = dict(share.iter_rows())
    assert found["verbatim"] == found["verbatim_in_other_set"] == 1
    assert found["clean"] < 0.005 and found["same_template_new_numbers"] < 0.005
    assert found["aime"] < 0.02  # nine of 975 are items of MATH-500


CJK = "小明有三个苹果，妈妈又给了他十二个苹果。小明现在一共有多少个苹果？"


@pytest.mark.parametrize(
    ("item", "other"),
    [
        (LONG, LONG.replace("3 boxes", "13 boxes")),
        (CJK, CJK.replace("十二", "十五")),
        (
            "For positive integers m and n that are relatively prime, 5 + 7 is m over n. Find m + n.",
            "The area of a hexagon of side 5 within a circle of radius 7 is m over n, where "
            "positive integers m and n that are relatively prime. Find m + n.",
        ),
    ],
)
def test_a_template_or_boilerplate_with_another_problem_is_no_hit(item, other):
    many = items(item, *(f"Word{n} of m over n that are relatively prime. Find m + n." for n in range(9)))
    assert methods([other, f"So: {item}"], many) == [None, "ngram"]


def test_what_only_signs_tell_apart_is_compared_sign_by_sign():
    drawings = [f"Read the following figlet font:\n{'#' * n} {'|' * (9 - n)} #" for n in range(1, 8)]
    texts = [
        drawings[2],
        drawings[2].replace("|", "#"),
        f"{drawings[2]} Think.",
        "Read the following figlet font",
    ]
    assert methods(texts, items(*drawings)) == ["exact", None, None, None]


def test_a_reworded_text_with_the_same_numbers_is_fuzzy():
    changed = LONG.replace("books in each box", "books inside every box").replace(
        "How many", "Overall, how many"
    )
    assert methods([changed], items(LONG)) == ["fuzzy"]


def test_spans_are_those_of_the_text_that_was_compared():
    prompt = f"😀 Überlegung: {LONG}"
    trace = f"<think>The user asks: {LONG.replace('3', 'three')} Hmm.</think>19"
    for text, hit in zip([prompt, trace], compared([prompt, trace], items(LONG)).to_dicts(), strict=True):
        part = text[hit["offset_chars"] : hit["offset_chars"] + hit["length_chars"]]
        assert part == hit["evidence"] and part.startswith("Tom has") and part.endswith("in total")


def test_long_items_are_found_by_their_runs_of_words_without_a_table_of_words_by_words():
    random = np.random.default_rng(0)
    letters = np.array(list("bcdfghjklm"))
    words, other = (["3", "5", "7", *map("".join, random.choice(letters, (6_000, 4)))] for _ in range(2))
    changed = ["new" if n % 20 == 19 else word for n, word in enumerate(words)]
    half = [word if n < 2_400 else "new" for n, word in enumerate(words)]
    texts = [" ".join(["begin", *some, "end"]) for some in (words, changed, half, other)]
    many = items(" ".join(words), "the sea is wide and the river runs deep")
    whole, near, *rest = compared(texts, many).to_dicts()
    assert (whole["method"], whole["offset_chars"], whole["similarity"]) == ("ngram", 6, 1)
    assert whole["length_chars"] == len(" ".join(words))
    assert near["method"] == "ngram" and near["similarity"] > 0.9
    assert [hit["method"] for hit in rest] == [None, None]


def test_a_chain_of_runs_tells_what_an_alignment_tells():
    item = np.array([1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 8], np.uint64)
    text = np.array([9, 1, 2, 3, 4, 5, 9, 7, 1, 2, 3, 4, 8, 9], np.uint64)
    weights = np.ones(len(item), np.float32)
    assert align(item, weights, text) == chain(item, weights, text) == (11, 1, 13, 7, 6)
    repeated = np.tile(item[:4], 5)
    assert chain(repeated, np.ones(20, np.float32), repeated) == (20, 0, 20, 0, 20)
    assert chain(item, weights, text[:2])[0] == chain(item[:2], weights[:2], text)[0] == 0
