"""What a judge is asked about a night, and that nothing is asked twice or for nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.curate.stale import stale
from r1data.errors import ConfigError
from r1data.judge.asked import asked, is_number
from r1data.judge.rubric import FOLDER, load_rubric, rubric_version
from r1data.judge.stage import judge_rollouts, wanted
from r1data.lake import Lake
from r1data.recipe import Generate, Judge, PromptSource, Recipe
from r1data.schema import TABLES
from r1data.verify import VERIFIERS

NIGHT = "2026-01-02"
ASKED = {"role": "user", "content": "Who says miaow?"}
Make = Callable[..., Recipe]


@pytest.fixture
def make_recipe(tmp_path: Path) -> Make:
    """A recipe whose judge says the same of everything."""
    teacher = tmp_path / "judge.toml"
    teacher.write_text('name = "judge"\nmodel = "fake:j"\n', encoding="utf-8")

    def make(says: str = "SAME", **judge: Any) -> Recipe:
        generate = Generate(engine="fake", teacher=str(teacher), fake={"texts": [says]})
        source = PromptSource(name="s", source="templates")
        settings = Judge(generate=generate, **judge)
        return Recipe(name="r", start=date(2026, 1, 1), prompts=(source,), judge=settings)

    return make


def rows(table: str, *values: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table; a column that is not given is null."""
    schema = TABLES[table].schema
    common = dict.fromkeys(schema) | {"night": NIGHT} | ({"recipe": "r"} if "recipe" in schema else {})
    return pl.DataFrame([common | row for row in values], schema=schema, orient="row")


def night(*traces: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Tables of one night; a trace is its prompt, and `judge` is a verifier that decides nothing."""
    full = [
        {"id": str(n), "domain": "math", "verifier": "exact", "reference": "a cat", "quality": None,
         "args": "{}", "verdict": "unknown", "reason": "timeout", "finish": "stop", "kind": "full",
         "answer": 8} | trace
        for n, trace in enumerate(traces)
    ]  # fmt: skip
    with_reference = [one for one in full if one["verifier"]]
    return {
        "plan": rows("plan", *({"rollout_id": one["id"]} for one in full)),
        "prompts": rows(
            "prompts",
            *(
                {"prompt_id": one["id"], "domain": one["domain"], "messages": [ASKED]}
                for one in full
            ),
        ),
        "prompt_references": rows("prompt_references", *map(_reference, with_reference)),
        "rollouts": rows(
            "rollouts",
            *(
                {"rollout_id": one["id"], "prompt_id": one["id"], "teacher_id": "t", "index": 0,
                 "completion": "<think>a cat", "thought_start": 0, "thought_end": 7,
                 "answer_start": one["answer"], "finish_reason": one["finish"], "reasoning_kind": one["kind"]}
                for one in full
            ),
        ),
        "verdicts": rows("verdicts", *(_verdict(one) for one in with_reference if one["verdict"])),
    }  # fmt: skip


def _reference(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "prompt_id": one["id"], "reference_version": "v1", "reference": one["reference"],
        "verifier": one["verifier"], "verifier_args": one["args"], "quality": one["quality"],
        "added_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip


def _verdict(one: dict[str, Any]) -> dict[str, Any]:
    verifier = VERIFIERS[one["verifier"]]
    return {
        "rollout_id": one["id"], "verifier": one["verifier"], "verifier_version": verifier.version,
        "reference_version": "v1" if verifier.needs_reference else "", "verdict": one["verdict"],
        "reason": one["reason"],
    }  # fmt: skip


def stored(lake: Lake, tables: dict[str, pl.DataFrame]) -> None:
    for name, frame in tables.items():
        if TABLES[name].kind == "ledger":
            lake.append(name, frame)
        else:
            lake.replace(name, {"recipe": frame["recipe"][0], "night": NIGHT}, frame)


WRONG = {"verdict": "wrong", "reason": "different"}
LEFT = {"verifier": "language", "reason": "no_rule", "reference": None}


@pytest.mark.parametrize(
    ("trace", "rubrics"),
    [
        ({}, ["reference_match"]),
        ({"reason": "truncated"}, []),
        ({"verifier": "code", "reference": "assert f(1) == 2"}, []),
        ({"verifier": "instruction", "reference": "{}"}, []),
        ({"finish": "length"}, []),
        ({"finish": "abort"}, []),
        ({"finish": "refusal"}, []),
        ({"verdict": "right", "reason": "equal"}, []),
        ({"verdict": None}, []),
        ({"kind": "hidden"}, ["reference_match"]),
        ({"kind": "hidden", "answer": None}, []),
        ({"kind": "summary", "answer": None}, []),
        (WRONG, ["reference_match"]),
        (WRONG | {"verifier": "math"}, ["reference_match"]),
        (WRONG | {"verifier": "choice"}, []),
        (WRONG | {"reference": "#### 1,234"}, []),
        (WRONG | {"reason": "no_answer"}, []),
        ({"verifier": None}, []),
        ({"verifier": None, "domain": "general"}, ["helpful"]),
        ({"quality": "proof", "domain": "general"}, ["helpful"]),
        ({"reference": None, "reason": "bad_reference"}, []),
        (LEFT | {"domain": "general"}, ["helpful"]),
        (LEFT | {"reference": "a cat"}, ["reference_match"]),
        (LEFT, []),
        (LEFT | {"domain": "stem"}, []),
    ],
)
def test_the_judge_is_asked_where_no_rule_decides(
    make_recipe: Make, trace: dict[str, Any], rubrics: list[str]
) -> None:
    recipe = make_recipe(rubrics={"general": ("helpful",), "stem": ("harmless", "reference_match")})
    tables = {name: frame.lazy() for name, frame in night(trace).items()}
    ledgers = {name: tables[name] for name in ("prompts", "prompt_references", "verdicts")}
    assert (
        asked(tables["rollouts"], **ledgers, settings=recipe.judge).collect()["rubric"].to_list() == rubrics
    )
    assert asked(tables["rollouts"], **ledgers, settings=None).collect().is_empty()


def test_two_rubrics_of_one_name_are_both_asked(make_recipe: Make, tmp_path: Path) -> None:
    own = tmp_path / "helpful.md"
    own.write_text((FOLDER / "helpful.md").read_text(encoding="utf-8") + "\nIt rhymes.\n", encoding="utf-8")
    recipe = make_recipe(rubrics={"general": ("helpful", str(own))})
    trace = {"verifier": None, "domain": "general"}
    tables = {name: frame.lazy() for name, frame in night(trace).items()}
    ledgers = {name: tables[name] for name in ("prompts", "prompt_references", "verdicts")}
    found = asked(tables["rollouts"], **ledgers, settings=recipe.judge).collect()
    assert found["rubric"].to_list() == ["helpful", "helpful"] and found["rubric_version"].n_unique() == 2


def test_a_recipe_may_leave_wrong_answers_alone_and_a_comparison_of_two_judges_no_rollout(
    make_recipe: Make,
) -> None:
    tables = {name: frame.lazy() for name, frame in night(WRONG, {"verifier": None}).items()}
    ledgers = {name: tables[name] for name in ("prompts", "prompt_references", "verdicts")}
    quiet = make_recipe(judge_wrong=False).judge
    assert asked(tables["rollouts"], **ledgers, settings=quiet).collect().is_empty()
    pairs = make_recipe(rubrics={"math": ("pairwise",)}).judge
    with pytest.raises(ConfigError, match="compares two answers"):
        asked(tables["rollouts"], **ledgers, settings=pairs)


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("42", True), ("-0.5", True), ("\\boxed{1,234}", True), ("$\\frac{1}{2}$", True), ("50\\%", False),
        ("x + 1", False), ("Paris", False), ("(1, 2)", False), ("", False),
    ],
)  # fmt: skip
def test_a_number_is_told_from_other_references(reference: str, number: bool) -> None:
    assert is_number(reference) is number


def test_where_nothing_is_to_be_asked_the_model_is_not_even_looked_for(make_recipe: Make) -> None:
    tables = {name: frame.lazy() for name, frame in night({"verdict": "right", "reason": "equal"}).items()}
    ledgers = {name: tables[name] for name in ("prompts", "prompt_references", "verdicts")}
    settings = make_recipe().judge
    lost = settings.generate.model_copy(update={"teacher": "gone.toml"})
    gone = settings.model_copy(update={"generate": lost})
    assert asked(tables["rollouts"], **ledgers, settings=gone).collect().is_empty()


def test_what_is_wanted_is_asked_once_and_stale_until_then(make_recipe: Make, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    recipe = make_recipe(rubrics={"general": ("helpful", "harmless")}, extra_votes=0)
    several = {"verifier": None, "domain": "general", "answer": None}
    stored(lake, night({}, WRONG, {"verdict": "right", "reason": "equal"}, {"answer": None}, several))
    waiting = stale(lake, recipe).filter(stage="judgements")
    assert waiting.rows() == [(NIGHT, "judgements", 4)]
    assert judge_rollouts(lake, NIGHT, recipe) == 5
    held = lake.scan("judgements").sort("rollout_id", "rubric").collect()
    assert held.select("rollout_id", "rubric", "reason", "reward", "reference_version").rows() == [
        ("0", "reference_match", "judged_right", 1.0, "v1"),
        ("1", "reference_match", "judged_right", 1.0, "v1"),
        ("3", "reference_match", "no_answer", 0.0, "v1"),
        ("4", "harmless", "unreadable_reply", None, ""),  # it looks at the whole completion
        ("4", "helpful", "no_answer", 0.0, ""),
    ]
    assert [vote["swapped"] for vote in held["votes"][0]] == [False, True]
    version = rubric_version(load_rubric("reference_match"), recipe.judge)
    assert held.filter(rubric="reference_match")["rubric_version"].unique().to_list() == [version]
    names = lake.scan("teachers").collect().rows_by_key("teacher_id", named=True, unique=True)
    assert {names[judge]["name"] for judge in held["judge_id"]} == {"judge"}

    before = lake.version("judgements")
    assert judge_rollouts(lake, NIGHT, recipe) == 0
    assert lake.version("judgements") == before
    assert stale(lake, recipe).filter(stage="judgements").is_empty()
    other = recipe.judge.model_copy(update={"min_margin": 0.1})
    again = wanted(lake, NIGHT, recipe.model_copy(update={"judge": other}))
    assert again.collect().height == 5, "another protocol"
    wider = recipe.judge.generate.model_copy(update={"context_tokens": 9_000})
    roomy = recipe.judge.model_copy(update={"generate": wider})
    again = wanted(lake, NIGHT, recipe.model_copy(update={"judge": roomy}))
    assert again.collect().height == 5, "what did not fit may fit now"
    assert wanted(lake, NIGHT, recipe.model_copy(update={"judge": None})).collect().is_empty()
