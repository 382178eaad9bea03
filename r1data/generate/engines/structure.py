"""Structured decoding and log-probabilities as OpenAI-compatible servers speak them.

>>> structured(request)
{"response_format": {"type": "json_schema", …}, "logprobs": true, "top_logprobs": 20}
"""

import math
from collections.abc import Mapping
from typing import Any

from r1data.generate.engine import Request
from r1data.generate.engines.refused import storable

VERDICT = "verdict"
"""The key of a choice in the object that such servers reply with."""


def structured(request: Request) -> dict[str, Any]:
    """The keys of a body that ask for a structure and for probabilities; none where none are wanted."""
    keys: dict[str, Any] = {}
    schema = request.json_schema
    if request.choices:
        schema = {
            "type": "object",
            "properties": {VERDICT: {"type": "string", "enum": list(request.choices)}},
            "required": [VERDICT],
            "additionalProperties": False,
        }
    if schema is not None:
        named = {"name": "reply", "strict": True, "schema": schema}
        keys["response_format"] = {"type": "json_schema", "json_schema": named}
    if request.top_logprobs:
        keys |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    return keys


def logprobs(choice: Mapping[str, Any]) -> tuple[tuple[str, dict[str, float]], ...] | None:
    """Text of each token of a choice, and the log-probabilities of the likeliest there; None without any.

    A list that is none, or holds anything but tokens and numbers, is taken for none: no reply is worth less
    for it.
    """
    given = choice.get("logprobs")
    tokens = given.get("content") if isinstance(given, Mapping) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    try:
        return tuple((storable(token["token"]), _likeliest(token)) for token in tokens)
    except (AttributeError, KeyError, TypeError):
        return None


def _likeliest(token: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in (token, *(token.get("top_logprobs") or [])):
        logprob = one["logprob"] + 0.0
        if math.isfinite(logprob):
            text = storable(one["token"])
            found[text] = max(logprob, found.get(text, -math.inf))
    return found
