"""Which of several facts counts."""

from typing import Any

from r1data.curate.current import deciding_verdicts, own_prompts
from r1data.verify import VERIFIERS
from tests.curate.conftest import NIGHT, rows


def test_a_verifier_that_needs_no_reference_decides_too():
    rollouts = rows("rollouts", {"rollout_id": "a", "prompt_id": "p", "teacher_id": "t", "night": NIGHT})
    references = rows("prompt_references", {"prompt_id": "p", "reference_version": "v", "verifier": "format"})
    verdict = {"rollout_id": "a", "verifier": "format", "verifier_version": VERIFIERS["format"].version}
    verdicts = rows("verdicts", verdict | {"reference_version": "", "verdict": "right"})
    assert deciding_verdicts(rollouts, verdicts, references).collect()["verdict"].to_list() == ["right"]


def given(night: str, recipe: str = "r", **said: Any) -> dict[str, Any]:
    told = {"domain": "stem", "source": "s", "licence": None}
    return {"recipe": recipe, "night": night, "prompt_id": "p", "kept": True} | told | said


def told(*intake: dict[str, Any]) -> tuple[Any, ...]:
    """Of prompt `p`, what recipe `r` says of it."""
    first = {"night": NIGHT, "domain": "math", "source": "first", "licence": "MIT", "language": "en"}
    prompts = rows("prompts", {"prompt_id": "p"} | first, {"prompt_id": "q"} | first)
    found = own_prompts(prompts, rows("intake", *intake), "r").collect()
    assert found.schema == prompts.collect_schema() and found.height == 2
    names = ("domain", "source", "licence")
    assert found.filter(prompt_id="q").select(names).row(0) == ("math", "first", "MIT"), "not given"
    return found.filter(prompt_id="p").select(names).row(0)


def test_of_a_prompt_counts_what_the_recipes_latest_night_says_also_that_it_has_no_licence():
    early = given("2026-01-01", licence="CC0-1.0")
    assert told(given("2026-01-03"), early) == ("stem", "s", None)
    assert told(early, given("2026-01-04", recipe="another", domain="code")) == ("stem", "s", "CC0-1.0")


def test_an_intake_of_before_it_said_anything_of_its_prompts_leaves_them_as_they_are():
    assert told(given("2026-01-01", domain=None)) == ("math", "first", "MIT")
