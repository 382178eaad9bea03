"""The field `budget` of a chat request: how much may be spent on its answer."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from r1data import verify
from r1data.errors import ConfigError
from r1data.recipe.section import Section
from r1data.serve.refusal import invalid
from r1data.text import nearest

MAX_ATTEMPTS = 64
ALONE = (
    *("tools", "n", "use_beam_search", "response_format", "structured_outputs", "echo"),
    *("logprobs", "prompt_logprobs", "logprob_token_ids", "return_token_ids"),
)
"""Keys that ask for what the answer to a budget has no place for, or that attempts cannot keep."""

_MOST = {"timeout_s": 10, "total_s": 60, "memory_mb": 2048}
"""Limits of a verifier that runs programs, of which a client may ask for less, and for no more."""


class Budget(Section):
    """What a request may spend; every key may be left out."""

    model_config = ConfigDict(strict=True)

    max_thought_tokens: int | None = Field(default=None, ge=1)
    """After as many tokens an open thought is closed, and the model answers."""
    attempts: int = Field(default=1, ge=1, le=MAX_ATTEMPTS)
    """Attempts at most, each with a seed of its own."""
    until: Literal["verified", "consistent"] | None = None
    """What ends the attempts early: a verdict `right`, or a majority that no further attempt can change."""
    verifier: str | None = None
    """Who judges the answer, a key of `r1data.verify.VERIFIERS`."""
    reference: str | None = None
    """Known-good answer, as the verifier reads it."""
    verifier_args: dict[str, Any] = Field(default_factory=dict)
    deadline_s: float | None = Field(default=None, gt=0)
    """Seconds from the arrival of the request, its wait in the queue included."""


def budget_of(body: Mapping[str, Any]) -> Budget | None:
    """The checked budget of a request's body; None when it has none.

    Raises:
        Refusal: a key is unknown (it names the nearest), a value is wrong, or the keys do not go together.
    """
    given = body.get("budget")
    if given is None:
        return None
    try:
        budget = Budget.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        key = str(problem["loc"][0]) if problem["loc"] else ""
        if problem["type"] == "extra_forbidden":
            raise invalid(
                f"budget: unknown key {nearest(key, Budget.model_fields)}", f"budget.{key}"
            ) from error
        name = f"budget.{key}" if key else "budget"
        raise invalid(f"{name}: {problem['msg']}.", name) from error
    _check(budget, body)
    return budget


def check_options(body: Mapping[str, Any]) -> None:
    """Make sure that what is read here of a request has the type that it should have.

    Raises:
        Refusal: it has another one.
    """
    if not isinstance(body.get("stream_options") or {}, dict):
        raise invalid("`stream_options` is no object.", "stream_options")


def _check(budget: Budget, body: Mapping[str, Any]) -> None:
    for key in ("max_tokens", "max_completion_tokens"):
        if type(body.get(key)) not in (int, type(None)):
            raise invalid(f"`{key}` is no whole number.", key)
    for key in ALONE:
        if body.get(key) and not (key == "n" and body[key] == 1):
            raise invalid(f"`{key}` and `budget` do not go together. Leave one of them out.", key)
    if budget.attempts > 1 and budget.until is None:
        raise invalid(
            'budget.attempts needs `until`: "verified" (with a verifier) or "consistent".', "budget.until"
        )
    if budget.attempts > 1 and body.get("temperature") == 0:
        raise invalid(
            "At temperature 0 every attempt is the same. Give a temperature above 0.", "temperature"
        )
    if budget.until == "verified" and budget.verifier is None:
        raise invalid('budget.until = "verified" needs `verifier`.', "budget.verifier")
    if budget.verifier is not None:
        _check_verifier(budget, budget.verifier)


def _check_verifier(budget: Budget, name: str) -> None:
    try:
        chosen = verify.verifier(name)
        wrong = verify.misused(name, budget.verifier_args)
    except ConfigError as error:
        raise invalid(str(error), "budget.verifier") from error
    if name == "judge":
        raise invalid("The verifier `judge` decides nothing by rule. Name another one.", "budget.verifier")
    for key, most in _MOST.items():
        given = budget.verifier_args.get(key)
        if isinstance(given, int | float) and not given <= most:
            raise invalid(f"budget.verifier_args: `{key}` is {most:g} at most.", "budget.verifier_args")
    if wrong:
        raise invalid(f"budget.verifier_args {wrong}", "budget.verifier_args")
    if chosen.needs_reference and budget.reference is None:
        raise invalid(f"The verifier `{name}` needs `reference`.", "budget.reference")
