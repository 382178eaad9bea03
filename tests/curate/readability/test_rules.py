"""Which measures make a trace unreadable, and what is left to the verdict of the form."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from r1data.curate.readability.rules import MEASURES, unreadable
from r1data.curate.select import select
from r1data.recipe import Readability
from r1data.schema.facts import READABILITY
from tests.curate.conftest import NIGHT, rows

GOOD = {
    "repetition": 0.1,
    "longest_paragraph_chars": 900,
    "n_code_blocks": 0,
    "n_tag_errors": 0,
    "n_leaked_tags": 0,
    "loop_chars": 0,
    "inner_loop_chars": 0,
    "compression_ratio": 3.0,
    "thought_chars": 900,
    "summary_chars": 90,
    "restated_share": 0.1,
    "thought_is_answer": False,
}
KNOWN = {"has_readability": True, "domain": "math", "form": "right", "form_reason": "well_formed"}


def reasons(profile: str = "r1", **fact: Any) -> list[str]:
    schema = READABILITY.schema | {"has_readability": pl.Boolean}
    row = pl.DataFrame([GOOD | KNOWN | fact], schema_overrides={name: schema[name] for name in MEASURES})
    found = row.select(pl.concat_list(unreadable(Readability(profile=profile))).list.drop_nulls()).item()
    return [reason.removeprefix("readability:") for reason in found]


BAD = {
    "repetition": (0.8, "repetition"),
    "longest_paragraph_chars": (5001, "long_paragraph"),
    "n_code_blocks": (1, "code_blocks"),
    "n_tag_errors": (1, "stray_tags"),
    "n_leaked_tags": (1, "leaked_tags"),
    "loop_chars": (201, "loop"),
    "inner_loop_chars": (401, "inner_loop"),
    "thought_chars": (0, "empty_thought"),
    "compression_ratio": (31.0, "compressible"),
    "summary_chars": (0, "no_summary"),
    "restated_share": (0.9, "restates_prompt"),
    "thought_is_answer": (True, "restates_answer"),
}


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_a_reason_of_its_own(measure: str) -> None:
    value, reason = BAD[measure]
    assert reasons() == []
    assert reasons(**{measure: value}) == [reason]
    assert reasons(**{measure: None}) == []


def test_what_was_not_measured_is_rejected() -> None:
    assert reasons(**dict.fromkeys(MEASURES), has_readability=None) == ["unmeasured"]


@pytest.mark.parametrize("measure", ["n_tag_errors", "n_leaked_tags", "thought_chars", "summary_chars"])
@pytest.mark.parametrize("form", ["wrong", None])
def test_where_the_form_is_not_right_nothing_is_said_twice(measure: str, form: str | None) -> None:
    assert reasons(**{measure: BAD[measure][0]}, form=form, form_reason="stray_tags") == []


def test_an_answer_of_domain_general_needs_no_thought_and_its_tags_may_not_be_cut_off() -> None:
    bare = {"domain": "general", "form_reason": "no_thought", "thought_chars": 0, "n_tag_errors": 2}
    assert reasons(**bare) == []
    assert reasons("strict", **bare | {"thought_is_answer": True}) == []
    assert reasons(**bare | {"n_tag_errors": 3}) == ["stray_tags"]


def test_domain_code_may_have_code_in_the_thought() -> None:
    assert reasons(domain="code", n_code_blocks=9) == []


@pytest.mark.parametrize(("verdict", "accepted"), [("edit", True), ("approve", False)])
def test_measures_of_the_models_text_say_nothing_of_an_edit(
    make_ledgers: Callable[..., Any], make_recipe: Callable[..., Any], verdict: str, accepted: bool
) -> None:
    ledgers = make_ledgers({"id": "a", "repetition": 0.9})
    review = {"night": NIGHT, "rollout_id": "a", "review_id": "r", "reviewer": "p", "verdict": verdict}
    review |= {"reviewed_at": datetime(2026, 1, 3, tzinfo=UTC)}
    if verdict == "edit":
        review |= {"reasoning": "Two and two.", "answer": "4"}
    ledgers["reviews"] = rows("reviews", review)
    out = select(**ledgers, recipe=make_recipe()).collect()
    assert out["accepted"].item() is accepted
