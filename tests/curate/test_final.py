"""Who is believed: a person, else the rule, else a judge that has a vote."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.curate.corpus import corpus
from r1data.curate.final import final_verdicts, judge_verdicts
from r1data.curate.select import select
from r1data.judge.rubric import load_rubric, rubric_version
from r1data.judge.vote import current_judge
from r1data.recipe import Generate, Judge, Recipe
from r1data.schema import TABLES
from tests.curate.conftest import NIGHT, rows

Make = Callable[..., Any]
Ledgers = dict[str, pl.LazyFrame]
QUESTION = {"night": NIGHT, "domain": "math", "judge_id": "j", "rubric_version": "1", "reference_version": ""}
VOTES = pl.LazyFrame(
    [("j", "one", "1", "any", True), ("j", "two", "1", "any", True), ("j", "two", "1", "math", False)],
    schema=["judge_id", "rubric", "rubric_version", "domain", "has_vote"],
    orient="row",
)


@pytest.fixture
def recipe(tmp_path: Path, make_recipe: Make) -> Recipe:
    """A recipe with a judge."""
    teacher = tmp_path / "judge.toml"
    teacher.write_text('name = "j"\nmodel = "fake:j"\n', encoding="utf-8")
    return make_recipe(judge=Judge(generate=Generate(engine="fake", teacher=str(teacher))))


def said(recipe: Recipe, rollout_id: str, verdict: str, reason: str = "") -> dict[str, Any]:
    """A row of table `judgements` by the recipe's judge."""
    version = rubric_version(load_rubric("reference_match"), recipe.judge)
    return {
        "night": NIGHT, "rollout_id": rollout_id, "judge_id": current_judge(recipe.judge), "verdict": verdict,
        "rubric": "reference_match", "rubric_version": version, "reference_version": "v1",
        "reward": {"right": 1.0, "wrong": 0.0}.get(verdict), "reason": reason or f"judged_{verdict}",
    }  # fmt: skip


def calibration(recipe: Recipe, **worse: Any) -> dict[str, Any]:
    """A row of table `calibrations` that gives the recipe's judge a vote, unless something is worse."""
    version = rubric_version(load_rubric("reference_match"), recipe.judge)
    return {
        "night": NIGHT, "calibration_id": "c", "judge_id": current_judge(recipe.judge), "domain": "any",
        "rubric": "reference_match", "rubric_version": version, "n_rows": 100, "n_decided": 100,
        "kappa": 0.9, "kappa_low": 0.8, "kappa_high": 1.0, "false_positives": 0.0, "false_negatives": 0.0,
        "position_bias": 0.0, "canaries": [{"attack": "empty", "n_rows": 8, "n_won": 0}],
        "measured_at": datetime(2026, 1, 1, tzinfo=UTC),
    } | worse  # fmt: skip


def review(rollout_id: str, verdict: str, day: int = 1, **texts: str) -> dict[str, Any]:
    """A row of table `reviews`."""
    return {
        "night": NIGHT, "review_id": f"{rollout_id}{day}", "rollout_id": rollout_id, "verdict": verdict,
        "reviewer": "ada", "reviewed_at": datetime(2026, 1, day, tzinfo=UTC),
    } | texts  # fmt: skip


def finals(ledgers: Ledgers, recipe: Recipe) -> dict[str, tuple[Any, ...]]:
    """verdict, reason, decided_by and judge_has_vote by rollout."""
    names = ("rollouts", "prompts", "prompt_references", "verdicts", "judgements", "calibrations", "reviews")
    first, *others = (ledgers[name] for name in names)
    found = final_verdicts(first, **dict(zip(names[1:], others, strict=True)), recipe=recipe)
    columns = ("rollout_id", "verdict", "reason", "decided_by", "judge_has_vote")
    return {row[0]: row[1:] for row in found.select(columns).collect().iter_rows()}


@pytest.mark.parametrize(
    ("rule", "judge", "person", "final"),
    [
        ("right", None, None, ("right", "equal", "rule", None)),
        ("wrong", "right", None, ("wrong", "different", "rule", True)),
        ("unknown", None, None, ("unknown", "timeout", None, None)),
        ("unknown", "right", None, ("right", "judged_right", "judge", True)),
        ("unknown", "wrong", None, ("wrong", "judged_wrong", "judge", True)),
        ("unknown", "unknown", None, ("unknown", "judge_swapped", None, True)),
        ("unknown", "right", "reject", ("wrong", "rejected_by_person", "person", True)),
        ("wrong", None, "approve", ("right", "approved_by_person", "person", None)),
        ("right", None, "reject", ("wrong", "rejected_by_person", "person", None)),
        ("wrong", None, "edit", ("right", "approved_by_person", "person", None)),
    ],
)
def test_a_person_counts_before_a_rule_and_a_rule_before_a_judge(
    make_ledgers: Make, recipe: Recipe, rule: str, judge: str | None, person: str | None, final: tuple
) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": rule})
    ledgers["calibrations"] = rows("calibrations", calibration(recipe))
    if judge:
        reason = "swapped" if judge == "unknown" else ""
        ledgers["judgements"] = rows("judgements", said(recipe, "a", judge, reason))
    if person:
        ledgers["reviews"] = rows("reviews", review("a", person))
    assert finals(ledgers, recipe) == {"a": final}


@pytest.mark.parametrize(
    "worse",
    [
        {"kappa_low": 0.2},
        {"canaries": [{"attack": "empty", "n_rows": 8, "n_won": 1}]},
        {"rubric_version": "of old"},
        {"judge_id": "another"},
        {"domain": "code"},
    ],
)
def test_a_judge_that_has_not_passed_its_calibration_decides_nothing(
    make_ledgers: Make, recipe: Recipe, worse: dict[str, Any]
) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": "unknown"})
    ledgers["judgements"] = rows("judgements", said(recipe, "a", "right"))
    ledgers["calibrations"] = rows("calibrations", calibration(recipe, **worse))
    assert finals(ledgers, recipe) == {"a": ("unknown", "judge_has_no_vote", None, False)}
    out = select(**ledgers, recipe=recipe).collect()
    assert out["reasons"].item().to_list() == ["verification:judge_has_no_vote"]
    told = out.select("verdict", "reward", "decided_by", "judge_verdict").row(0)
    assert told == ("unknown", None, None, "right"), "what it said is told beside what counts"


@pytest.mark.parametrize(("verdict", "stages"), [("edit", []), ("approve", ["format"])])
def test_an_edit_mends_the_form_and_an_approval_does_not(
    make_ledgers: Make, recipe: Recipe, verdict: str, stages: list[str]
) -> None:
    ledgers = make_ledgers({"id": "a", "form": "wrong"})
    ledgers["reviews"] = rows("reviews", review("a", verdict))
    out = select(**ledgers, recipe=recipe).collect()
    assert [reason.split(":")[0] for reason in out["reasons"].item()] == stages


def test_judgements_on_an_older_reference_or_by_another_rubric_are_left_aside(
    make_ledgers: Make, recipe: Recipe
) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": "unknown"})
    old = said(recipe, "a", "right")
    ledgers["calibrations"] = rows("calibrations", calibration(recipe))
    ledgers["judgements"] = rows(
        "judgements", old | {"reference_version": "v0"}, old | {"rubric": "helpful", "rubric_version": "1"}
    )
    assert finals(ledgers, recipe) == {"a": ("unknown", "timeout", None, None)}


@pytest.mark.parametrize(
    ("judged", "together"),
    [
        ({"one": "right"}, None),
        ({"one": "right", "two": "right"}, ("right", "judged_right", False)),
        ({"one": "wrong", "two": "right"}, ("wrong", "judged_wrong", True)),
        ({"one": "wrong"}, ("wrong", "judged_wrong", True)),
        ({"one": "right", "two": "wrong"}, ("wrong", "judged_wrong", False)),
        ({"one": "unknown", "two": "right"}, ("unknown", "judge_doubt", False)),
    ],
)
def test_all_rubrics_must_be_met_and_one_that_has_a_vote_is_enough_to_refuse(
    judged: dict[str, str], together: tuple[str, str, bool] | None
) -> None:
    questions = pl.LazyFrame([QUESTION | {"rollout_id": "a", "rubric": name} for name in ("one", "two")])
    judgements = rows(
        "judgements",
        *(
            {"rollout_id": "a", "judge_id": "j", "rubric": name, "rubric_version": "1", "reason": "doubt",
             "reference_version": "", "verdict": word}
            for name, word in judged.items()
        ),
    )  # fmt: skip
    found = judge_verdicts(questions, judgements, VOTES).collect()
    rubric_two_has_none_here = [("a", *together)] if together else []
    columns = ("rollout_id", "judge_verdict", "judge_reason", "judge_has_vote")
    assert found.select(columns).rows() == rubric_two_has_none_here


def test_a_domain_of_its_own_counts_before_any(make_ledgers: Make, recipe: Recipe) -> None:
    question = QUESTION | {"rollout_id": "a", "rubric": "two"}
    judged = rows(
        "judgements", {name: question.get(name) for name in TABLES["judgements"].key} | {"verdict": "right"}
    )
    for domain, has_vote in (("math", False), ("general", True)):
        found = judge_verdicts(pl.LazyFrame([question | {"domain": domain}]), judged, VOTES).collect()
        assert found["judge_has_vote"].to_list() == [has_vote]


def test_the_latest_review_counts_and_overrules_the_verdict_alone(make_ledgers: Make, recipe: Recipe) -> None:
    ledgers = make_ledgers(
        {"id": "a", "verdict": "wrong"}, {"id": "b", "verdict": "wrong", "foreign": 3}, {"id": "c"}
    )
    ledgers["reviews"] = rows(
        "reviews",
        review("a", "reject"), review("a", "approve", 2), review("b", "approve"), review("c", "reject"),
    )  # fmt: skip
    out = select(**ledgers, recipe=recipe).collect()
    assert out.select("accepted", "decided_by", "review_id", "reward").rows() == [
        (True, "person", "a2", 1.0),
        (False, "person", "b1", 1.0),
        (False, "person", "c1", 0.0),
    ]
    assert out["reasons"].to_list() == [[], ["language:mixed_language"], ["verification:rejected_by_person"]]


def test_an_edit_is_the_text_of_the_corpus(make_ledgers: Make, recipe: Recipe) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": "wrong"}, {"id": "b"})
    ledgers["reviews"] = rows("reviews", review("a", "edit", reasoning="Better.", answer="It is x"))
    made = corpus(
        select(**ledgers, recipe=recipe),
        **{
            name: ledgers[name]
            for name in ("rollouts", "prompts", "prompt_references", "verdicts", "reviews")
        },
        teachers=TABLES["teachers"].empty().lazy(),
        token_counts=TABLES["token_counts"].empty().lazy(),
    ).collect()
    columns = ("rollout_id", "reasoning", "answer", "completion_tokens", "reward", "decided_by", "review_id")
    assert made.select(columns).sort("rollout_id").rows() == [
        ("a", "Better.", "It is x", None, 1.0, "person", "a1"),
        ("b", "Because b.", "answer b", 10, 1.0, "rule", None),
    ]


def test_an_edit_without_a_thought_leaves_none_of_the_model_s(make_ledgers: Make, recipe: Recipe) -> None:
    ledgers = make_ledgers({"id": "a", "verdict": "wrong"})
    ledgers["reviews"] = rows("reviews", review("a", "edit", answer="It is x"))
    names = ("rollouts", "prompts", "prompt_references", "verdicts", "reviews")
    made = corpus(
        select(**ledgers, recipe=recipe),
        **{name: ledgers[name] for name in names},
        teachers=TABLES["teachers"].empty().lazy(),
        token_counts=TABLES["token_counts"].empty().lazy(),
    ).collect()
    assert made.select("reasoning", "answer").rows() == [("", "It is x")]


@pytest.mark.parametrize("reason", ["no_thought", "empty_thought", "leaked_tokens"])
@pytest.mark.parametrize("domain", ["general", "math"])
def test_only_prompts_of_domain_general_need_no_thought(
    make_ledgers: Make, recipe: Recipe, domain: str, reason: str
) -> None:
    ledgers = make_ledgers({"id": "a", "form": "wrong"})
    ledgers["prompts"] = ledgers["prompts"].with_columns(domain=pl.lit(domain))
    form = pl.when(pl.col("verifier") == "format").then(pl.lit(reason)).otherwise("reason")
    ledgers["verdicts"] = ledgers["verdicts"].with_columns(reason=form)
    fine = domain == "general" and reason != "leaked_tokens"
    out = select(**ledgers, recipe=recipe).collect()
    assert out["reasons"].to_list() == [[] if fine else [f"format:{reason}"]]
