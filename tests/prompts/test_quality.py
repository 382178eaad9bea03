"""References that cannot decide, and references that are corrected and put back."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from r1data.curate.current import current_references, own_references
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.prompts.intake import changed, references
from r1data.prompts.quality import COPY, QUALITIES, agree, doubt, doubts, options
from r1data.prompts.question import Question, frame, user
from r1data.recipe import PromptSource, Recipe, Verify
from r1data.schema import TABLES
from r1data.verify.verdict import REASONS

NIGHT, NEXT, BEFORE = "2026-01-02", "2026-01-03", "2026-01-01"
NONE = pl.DataFrame(schema=dict.fromkeys(COPY, pl.String))
OFFERED = "How many are there? Answer Choices: (A) 12 (B) 15 (C) 18"
RECIPE = """
name = "own"
start = 2026-01-01
[[prompts]]
name = "own"
source = "files"
path = "{path}"
columns = {{ prompt = "q", reference = "a" }}
[generate]
engine = "fake"
rollouts_per_prompt = 2
max_tokens = 80
context_tokens = 1024
[generate.fake]
texts = ["<think>\\n{{prompt}} I add both.\\n</think>\\n\\n7", "<think>\\nEight.\\n</think>\\n\\n8"]
[checks]
min_accepted = 0
"""


@pytest.mark.parametrize(
    ("text", "reference", "word"),
    [
        ("What is 1 + 1?", None, "empty"),
        ("What is 1 + 1?", " ", "empty"),
        ("已知 a > b，比较大小", "见证明", "proof"),
        ("Is it so?", "Proof. Let $x$ be …", "proof"),
        ("Let $n > 1$. Prove that $n^2 > n$.", "2", "proof"),
        ("设 $a>0$，求证：$a+1>1$。", "1", "proof"),
        (OFFERED, "B", "choice_as_number"),
        (OFFERED, "2", "choice_as_number"),
        ("Which is larger?\nA. $x$\nB. $y$\nC. none", r"\text{(B)}", "choice_as_number"),
    ],
)
def test_a_reference_that_cannot_decide_is_told_by_one_word(text: str, reference: str | None, word: str):
    found = doubt(text, reference, "math")
    assert found and found[0] == word


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Show that $f$ is linear, and find $f(2)$.", "4"),
        ("求证 a > b，并求 a 的值", "3"),
        ("In the proof of this theorem, how many cases are there?", "3"),
        (OFFERED, "15"),
        (OFFERED, "15 apples"),
        (OFFERED.replace("12", "twelve"), "2"),
        (OFFERED + " Enter the letter of the correct option.", "B"),
        ("Which is the largest? (Write A, B, or C.) A. 3 B. 4 C. 5", "B"),
        ("Points P(A), P(B) and P(C) lie on a line. Which is in the middle?", "B"),
        ('[asy]label("$A$", A, N); label("$B$", B, S); label("$C$", C, E);[/asy] Find the area.', "28"),
    ],
)
def test_a_reference_that_decides_is_left_alone(text: str, reference: str):
    assert doubt(text, reference, "math") is None


def test_options_are_read_in_their_order_and_a_task_without_three_has_none():
    assert options(OFFERED) == {"A": "12", "B": "15", "C": "18"}
    assert options("(A) 1 (C) 2 (B) 3") == options("(A) yes (B) no") == {}


def test_every_doubt_of_a_verifier_is_a_word_of_the_vocabulary():
    unknown = {word for word, said in REASONS.items() if said.startswith("unknown")}
    assert {"timeout", "crash", "starved", "unverifiable", "bad_reference"} <= unknown & set(QUALITIES)


def test_references_agree_by_their_verifier_and_not_by_their_letters():
    assert agree("math", r"\frac13", r"\frac{1}{3}", {}) is True
    assert agree("math", "0.5", r"\frac12", {}) is True
    assert agree("math", "1", "2", {}) is False
    assert agree("math", "1", r"\frac{1}{", {}) is None, "one that cannot be read contradicts nothing"
    assert agree("code", "{}", "[]", {}) is None, "tests are not compared"


def asked(*rows: tuple[str, str | None]) -> pl.DataFrame:
    return frame([Question(user(text), reference, "math", "o") for text, reference in rows], "s")


def test_copies_that_disagree_are_contradictory_and_those_that_agree_are_not():
    same, markup = "What is $x^2$ at 3?", "What is  x^2 at 3"
    rows = asked((same, "9"), (same, "6"), ("Half of 1?", "1/2"), ("Half of 1?", r"\frac12"))
    (found,) = doubts(rows, NONE).to_dicts()
    assert (found["prompt_id"], found["quality"]) == (rows["prompt_id"][0], "contradictory")
    assert "9 (" in found["evidence"] and "6 (" in found["evidence"]
    both = asked((same, "9"), (markup, "6"))
    assert set(doubts(both, NONE)["prompt_id"]) == set(both["prompt_id"])
    assert doubts(asked((same, "9"), (markup, "9.0"), ("What is $x^2$ at 4?", "6")), NONE).is_empty()
    assert doubts(asked((same, "9"), (same, None)), NONE).is_empty(), "of copies, one has a reference"


def test_an_earlier_copy_contradicts_but_the_same_prompt_is_corrected():
    tonight = asked(("What is $2$?", "2"))
    earlier = {
        "prompt_id": "p",
        "text": "What is 2?",
        "reference": "3",
        "verifier": "math",
        "verifier_args": "{}",
    }
    (found,) = doubts(tonight, pl.DataFrame([earlier]).select(COPY)).to_dicts()
    assert found["prompt_id"] == tonight["prompt_id"][0] and "3 (p)" in found["evidence"]
    own = earlier | {"prompt_id": tonight["prompt_id"][0]}
    assert doubts(tonight, pl.DataFrame([own]).select(COPY)).is_empty()


@pytest.fixture
def night(r1data: Callable[..., int], tmp_path: Path) -> Callable[..., None]:
    """Run a night of these prompts and references."""

    def run(name: str, **rows: str | None) -> None:
        lines = [{"q": f"What is {text}?", "a": reference} for text, reference in rows.items()]
        (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, lines)))
        (tmp_path / "own.toml").write_text(RECIPE.format(path=tmp_path / "own.jsonl"))
        assert r1data("run", "--recipe", tmp_path / "own.toml", "--night", name) == 0

    return run


def test_a_corrected_reference_is_verified_again_and_one_that_is_put_back_needs_no_work(
    night: Callable[..., None], home_lake: Lake, capsys, r1data: Callable[..., int], tmp_path: Path
):
    def deciding() -> list[str]:
        rows = fetch(home_lake, "select verdict from current_verdicts where deciding order by rollout_id")
        view = fetch(home_lake, "select prompt_id, reference, quality from current_references order by all")
        here = current_references(home_lake.scan("prompt_references")).collect()
        assert view.rows() == sorted(here.select("prompt_id", "reference", "quality").rows())
        return sorted(rows["verdict"])

    night(NIGHT, apples="7", pears=None, plums="见证明")
    marked = home_lake.scan("intake").collect()
    assert sorted(marked["reason"].to_list(), key=str) == [None, "empty", "proof"]
    made = home_lake.scan("rollouts").collect()
    assert made.height == 2 and deciding() == ["right", "wrong"]

    night(NIGHT, apples="5", pears=None, plums="见证明")
    assert home_lake.scan("rollouts").collect().equals(made), "nothing is made again"
    assert deciding() == ["wrong", "wrong"]
    before = home_lake.version("verdicts")

    night(NIGHT, apples="7", pears=None, plums="见证明")
    assert deciding() == ["right", "wrong"] and home_lake.version("verdicts") == before
    assert r1data("stale", "--recipe", tmp_path / "own.toml", "--json") == 0
    assert not capsys.readouterr().out.strip()
    empty = fetch(home_lake, "select count(*) as n from prompt_references where quality = 'empty'")
    assert empty["n"].to_list() == [1], "what is current is not stored again"


def named(
    known: pl.DataFrame, name: str, reference: str | None, at: datetime, recipe: str = "r"
) -> pl.DataFrame:
    """What is new when a source of a recipe names this reference on this night."""
    source = PromptSource(name="s", source="templates")
    one = Recipe(name=recipe, start=date(2026, 1, 1), prompts=[source], verify=Verify(workers=1))
    rows = asked(("What is it?", reference))
    told = references(rows.lazy(), recipe=recipe, night=name, added_at=at, required=["s"])
    return changed(told, doubts(rows, NONE), known.lazy(), recipe=one, night=name)


def ledger(*steps: tuple[str, ...]) -> pl.DataFrame:
    """The references that are stored after a source named these, one after the other: night, reference, and
    the recipe.
    """
    known = TABLES["prompt_references"].empty()
    for place, (name, reference, *recipe) in enumerate(steps):
        at = datetime(2026, 1, 9, place, tzinfo=UTC)
        known = pl.concat([known, named(known, name, reference, at, *recipe)])
    return known


@pytest.mark.parametrize(
    ("steps", "n_rows", "current"),
    [
        ([(NIGHT, "1"), (NIGHT, "1"), (NEXT, "1")], 1, "1"),
        ([(NIGHT, "1"), (NEXT, "2"), (NEXT, "1")], 3, "1"),
        ([(NIGHT, "1"), (NEXT, "2"), (NIGHT, "1")], 2, "2"),
        ([(NEXT, "2"), (BEFORE, "1"), (BEFORE, "1")], 2, "2"),
        ([(NIGHT, "1"), (NEXT, None)], 1, "1"),
        ([(NIGHT, None), (NEXT, "1"), (NEXT, None)], 2, "1"),
        ([(NIGHT, "见证明"), (NEXT, "1")], 2, "1"),
    ],
)
def test_what_the_latest_night_said_last_is_current(
    steps: list[tuple[str, str | None]], n_rows: int, current: str
):
    known = ledger(*steps)
    assert known.height == n_rows
    assert current_references(known.lazy()).collect().select("reference", "quality").rows() == [
        (current, None)
    ]


def test_a_reference_that_an_older_verifier_could_not_read_is_tested_again_and_a_good_one_is_not():
    stored = ledger((NIGHT, "1")).with_columns(quality=pl.lit("unparseable"))
    later = datetime(2026, 1, 10, tzinfo=UTC)
    new = named(stored, NEXT, "1", later)
    assert new.select("reference", "quality").rows() == [("1", None)]
    assert named(pl.concat([stored, new]), NEXT, "1", later).is_empty()


def own(known: pl.DataFrame, recipe: str) -> list[str]:
    return current_references(own_references(known.lazy(), recipe)).collect()["reference"].to_list()


def test_two_recipes_that_differ_each_keep_their_word_and_neither_repeats_it():
    both = [(NIGHT, "1", "a"), (NIGHT, "2", "b")]
    known = ledger(*both, *both, (NEXT, "1", "a"), (NEXT, "2", "b"))
    assert known["recipe"].to_list() == ["a", "b"]
    assert (own(known, "a"), own(known, "b")) == (["1"], ["2"])
    corrected = ledger(*both, (NEXT, "3", "a"), (NEXT, "2", "b"))
    assert corrected.height == 3 and (own(corrected, "a"), own(corrected, "b")) == (["3"], ["2"])
    assert own(corrected, "c") == ["3"], "who named none goes by what was named last"


def test_two_recipes_that_agree_stay_apart_when_one_is_corrected_and_share_what_is_no_recipes():
    known = ledger((NIGHT, "1", "a"), (NIGHT, "1", "b"), (NEXT, "2", "a"))
    assert (own(known, "a"), own(known, "b")) == (["2"], ["1"])
    shared = ledger((NIGHT, "1")).with_columns(recipe=pl.lit(None, pl.String))
    assert named(shared, NEXT, "1", datetime(2026, 1, 10, tzinfo=UTC), "a").is_empty()
    assert own(shared, "a") == ["1"]
