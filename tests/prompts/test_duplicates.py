"""Which prompts are the same problem, and which only look like it."""

import json

import polars as pl
import pytest

from r1data.prompts.duplicates import numbers_key, same_problems
from r1data.prompts.quality import agree

RECIPE = """
name = "own"
start = 2026-01-01
[[prompts]]
name = "own"
source = "files"
path = "{path}"
columns = {{ prompt = "q", reference = "a" }}
n_per_night = 1
[generate]
engine = "fake"
rollouts_per_prompt = 2
max_tokens = 80
context_tokens = 1024
[generate.fake]
texts = ["<think>\\nAdded up.\\n</think>\\n\\n1269"]
[checks]
min_accepted = 0
"""
SCHEMA = {"prompt_id": pl.String, "text": pl.String, "reference": pl.String}
TEXT = "A shop sells 12 pens and 7 books in the morning, and 1,250 pens later. How many items does it sell?"


def twins(*rows: tuple[str, str | None]) -> list[tuple[str, str]]:
    named = [(f"p{place}", text, reference) for place, (text, reference) in enumerate(rows)]
    return same_problems(pl.DataFrame(named, SCHEMA, orient="row")).select("prompt_id", "twin_id").rows()


@pytest.mark.parametrize(
    "other",
    [
        TEXT.upper(),
        TEXT.replace("1,250", "1250"),
        TEXT.replace("12 pens", "$12$ pens"),
        TEXT.replace("12", r"\textbf{12}"),
        TEXT.replace(".", " ."),
        TEXT.replace("12", "１２"),
        TEXT.replace("shop", "store"),
    ],
)
def test_another_rendering_is_the_same_problem(other: str):
    assert twins((TEXT, "1269"), (other, "1,269")) == [("p1", "p0")]


@pytest.mark.parametrize(
    ("other", "answer"),
    [
        (TEXT.replace("12", "13"), "1269"),
        (TEXT.replace("12", "7").replace("7 books", "12 books"), "1269"),
        (TEXT.replace("sell?", "sell on the day?"), "1270"),
        ("How many pens are 12 and 7 and 1,250 pens?", "1269"),
    ],
)
def test_other_numbers_another_answer_or_other_words_are_another_problem(other: str, answer: str):
    assert twins((TEXT, "1269"), (other, answer)) == []


def test_a_prompt_with_an_answer_is_kept_rather_than_one_without():
    assert twins((TEXT, None), (TEXT.lower(), "#### 1269")) == [("p0", "p1")]


def test_prompts_in_chinese_are_compared_by_character():
    text = "小明有12个苹果，他给了小红5个，又买了3个。现在小明有多少个苹果？"
    assert twins((text, "10"), (text.replace("，", ", ").replace("小红", "小兰"), "10")) == [("p1", "p0")]
    assert twins((text, "10"), (text.replace("12", "13"), "11")) == []


def test_answers_that_are_written_differently_may_be_one():
    rows = [("p0", TEXT, r"\frac13"), ("p1", TEXT.lower(), r"\frac{1}{3}"), ("p2", TEXT.upper(), "3")]
    prompts = pl.DataFrame(rows, SCHEMA, orient="row")
    references = prompts["reference"].to_list()
    found = same_problems(
        prompts, same_answer=lambda one, other: agree("math", references[one], references[other], {})
    )
    assert found.select("prompt_id", "twin_id").rows() == [("p1", "p0")]


def test_a_text_with_other_numbers_is_never_compared():
    assert numbers_key(TEXT) == numbers_key(TEXT.replace("1,250", "1250"))
    assert numbers_key(TEXT) != numbers_key(TEXT.replace("12", "13"))


def test_no_prompts_have_no_twins():
    assert twins() == []


def test_a_night_leaves_out_what_an_earlier_one_asked_and_says_what_it_repeats(r1data, home_lake, tmp_path):
    rows = [{"q": TEXT, "a": "1269"}, {"q": TEXT.upper(), "a": "1,269"}]
    (tmp_path / "prompts.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    recipe = tmp_path / "own.toml"
    recipe.write_text(RECIPE.format(path=tmp_path / "prompts.jsonl"))
    for night in ("2026-01-01", "2026-01-02"):
        r1data("run", "--recipe", recipe, "--night", night)
    marked = home_lake.scan("intake").collect().sort("night")
    original, repeated = marked.to_dicts()
    assert (original["reason"], repeated["reason"]) == (None, "near_duplicate")
    assert repeated["evidence"].partition(":")[0] == original["prompt_id"]
    asked = home_lake.scan("plan").collect()["prompt_id"].unique()
    assert asked.to_list() == [original["prompt_id"]]
