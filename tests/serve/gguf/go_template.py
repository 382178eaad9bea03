"""As much of Go's text/template as chat templates for Ollama use: what `ollama` renders, in Python."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_PART = re.compile(r"\{\{ (.*?) \}\}", re.DOTALL)
_THOUGHT = re.compile(r"<think>\n(.*?)</think>\s*(.*)\Z", re.DOTALL)


def as_ollama_keeps_it(message: dict[str, str]) -> dict[str, str]:
    """A message after Ollama has taken the thought out of it (thinking/parser.go)."""
    found = _THOUGHT.match(message["content"]) if message["role"] == "assistant" else None
    content, thinking = (found[2], found[1]) if found else (message["content"], "")
    return {"Role": message["role"], "Content": content, "Thinking": thinking}


def render(template: str, messages: Sequence[dict[str, str]]) -> str:
    """Render messages that `as_ollama_keeps_it` gave."""
    parts = iter(_PART.split(template))
    tree, end = _parse(parts)
    assert end == "", "an end without a beginning"
    return _run(tree, {"$.Messages": messages})


def _parse(parts: Iterator[str]) -> tuple[list[Any], str]:
    """Nodes up to an `end` or `else`, and which of them it was."""
    nodes: list[Any] = [next(parts)]
    for action in parts:
        if action == "end" or action.startswith("else"):
            return nodes, action
        word, _, rest = action.partition(" ")
        if word in ("if", "range"):
            nodes.append((word, _branches(rest, parts)))
        else:
            nodes.append(("put", action))
        nodes.append(next(parts))
    return nodes, ""


def _branches(condition: str, parts: Iterator[str]) -> list[tuple[str, list[Any]]]:
    body, end = _parse(parts)
    further = _branches(end.removeprefix("else if "), parts) if end.startswith("else if ") else []
    assert further or end == "end", end
    return [(condition, body), *further]


def _run(nodes: Sequence[Any], scope: dict[str, Any]) -> str:
    told = ""
    for node in nodes:
        if isinstance(node, str):
            told += node
        elif node[0] == "put":
            told += str(_value(node[1], scope))
        elif node[0] == "range":
            ((head, body),) = node[1]
            assert head == "$i, $_ := .Messages"
            for place, message in enumerate(scope["$.Messages"]):
                told += _run(body, message | {"$i": place})
        else:
            told += next((_run(body, scope) for wanted, body in node[1] if _value(wanted, scope)), "")
    return told


def _value(text: str, scope: dict[str, Any]) -> Any:
    if found := re.fullmatch(r"and \((.*)\) \((.*)\)", text):
        return _value(found[1], scope) and _value(found[2], scope)
    if found := re.fullmatch(r"(eq|ne) (\S+) (\S+)", text):
        return (_value(found[2], scope) == _value(found[3], scope)) == (found[1] == "eq")
    if text.startswith((".", "$")):
        return scope[text.removeprefix(".")]
    return json.loads(text)
