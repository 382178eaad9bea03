from datetime import date

import polars as pl
import pytest

from r1data.prompts import Question, frame
from r1data.prompts.question import user
from r1data.prompts.quotas import beside_r1, within_quotas, without_licence
from r1data.recipe import PromptSource, Recipe
from r1data.schema import TABLES

NIGHT = "2026-01-01"


def taken(*counts, licence=None):
    """Questions of (source, domain, n), and their intake, all kept."""
    frames = [
        frame(
            [
                Question(user(f"{source} {domain} {i}"), "1", "math", "x", domain=domain, licence=licence)
                for i in range(n)
            ],
            source,
        )
        for source, domain, n in counts
    ]
    questions = pl.concat(frames)
    marked = questions.select(
        "prompt_id", "source", "domain", "licence", recipe=pl.lit("r"), night=pl.lit(NIGHT), kept=True
    )
    empty = TABLES["intake"].empty()
    return questions, pl.concat([empty, marked], how="diagonal").select(empty.columns)


def recipe(quotas=None, **most):
    sources = [PromptSource(name=n, source="templates", max_per_night=m) for n, m in most.items()]
    return Recipe(name="r", start=date(2026, 1, 1), prompts=sources, quotas=quotas or {})


def test_prompts_beyond_a_quota_are_marked_and_those_within_are_drawn_from_all_sources_by_the_night():
    questions, marked = taken(("a", "math", 40), ("b", "math", 40), ("b", "code", 5))
    rules = recipe({"math": 30}, a=None, b=30)
    found = within_quotas(marked, rules, night=NIGHT)
    assert found.schema == marked.schema and found.height == 85
    reasons = found.group_by("source", "reason", "evidence").len()
    assert (
        found["kept"].sum() == 30 + found.join(questions.filter(domain="code"), on="prompt_id")["kept"].sum()
    )
    assert set(reasons["evidence"]) == {None, "source b: 30 a night", "domain math: 30 a night"}
    assert found.filter(evidence="source b: 30 a night").height == 15
    assert {*found.filter("kept")["source"]} == {"a", "b"}
    again, other = (within_quotas(marked, rules, night=night) for night in (NIGHT, "2026-01-02"))
    assert again.equals(found)
    assert set(other.filter("kept")["prompt_id"]) != set(found.filter("kept")["prompt_id"])


def test_a_prompt_that_is_out_for_another_reason_takes_no_place():
    _, marked = taken(("a", "math", 10))
    out = marked.with_columns(kept=pl.int_range(pl.len()) >= 5, reason=pl.lit("contaminated"))
    found = within_quotas(out, recipe({"math": 5}, a=None), night=NIGHT)
    assert found["kept"].to_list() == [False] * 5 + [True] * 5
    assert set(found["reason"]) == {"contaminated"}


def test_without_quotas_nothing_changes():
    _, marked = taken(("a", "math", 3))
    assert within_quotas(marked, recipe(a=None), night=NIGHT).equals(marked)


def test_prompts_without_a_licence_are_marked():
    (_, marked), (_, others) = taken(("a", "math", 2)), taken(("b", "math", 1), licence="MIT")
    found = without_licence(pl.concat([marked, others]))
    assert found.select("kept", "reason").rows() == [(False, "no_licence")] * 2 + [(True, None)]


def test_the_spread_over_domains_stands_beside_r1s():
    kept = pl.DataFrame(
        {"night": ["1", "2", "2"], "prompt_id": ["a", "a", "b"], "domain": ["math", "math", "instruction"]}
    )
    table = beside_r1(kept, "2")
    assert table.row(0)[:4] == ("math", 1, 1, 0.5)
    assert table.row(-1) == ("instruction", 1, 1, 0.5, 0.0)
    assert table["r1_share"].sum() == pytest.approx(1)
