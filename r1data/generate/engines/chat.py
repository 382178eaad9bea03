"""Chat completions as OpenAI-compatible servers speak them: the body of a request, and what came back.

    >>> body(request, "deepseek-reasoner", {"max_completion_tokens": "$max_tokens", "max_tokens": "$omit"})
    {"model": "deepseek-reasoner", "messages": […], "seed": 7, …, "max_completion_tokens": 2048}

A thought comes back in one of three places: `reasoning`, `reasoning_content`, or inline. The text of the
completion is the same for all three.
"""

from collections.abc import Mapping
from typing import Any

from r1data.errors import ConfigError
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.refused import one_line, storable, told
from r1data.generate.engines.structure import logprobs, structured
from r1data.text import CLOSE, OPEN

OMIT = "$omit"
"""As the value of an extra key: leave that key out."""

_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "abort": "abort",
    "repetition": "repetition",
    "content_filter": "refusal",
}


class NotAChatCompletion(ValueError):
    """The JSON that a server sent is no chat completion; the message says what is wrong with it."""


def body(request: Request, model: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body that asks for one rollout.

    `top_k` and `min_p` are sent only when they are not neutral, because hosted APIs refuse keys that they do
    not know. A prefill becomes the beginning of the assistant's message, which vLLM and SGLang continue. Of
    choices the reply is `{"verdict": "CHOICE"}`, since JSON is the one structure that all servers know.

    Args:
        request: what to ask.
        model: the name that the server knows.
        extra: further keys, which win. A value `"$omit"` (or null) removes the key; `"$KEY"` stands for what
            the body would hold under KEY; tables are merged.

    Raises:
        ConfigError: `extra` refers to a key that the body does not have.
    """
    sampling = request.sampling
    made: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in request.messages],
        "seed": request.seed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": request.max_tokens,
    }
    if sampling.top_k > 0:
        made["top_k"] = sampling.top_k
    if sampling.min_p > 0:
        made["min_p"] = sampling.min_p
    if sampling.stops:
        made["stop"] = list(sampling.stops)
    if request.thinking is not None:
        made["chat_template_kwargs"] = {"enable_thinking": request.thinking}
    if request.prefill is not None:
        made["messages"].append({"role": "assistant", "content": request.prefill})
        made |= {"continue_final_message": True, "add_generation_prompt": False}
    return _with_extra(made | structured(request), extra)


def completion(
    request: Request, answer: Mapping[str, Any], *, elapsed_s: float, retries: int, reasoning_kind: str
) -> Completion:
    """The completion that a server's answer holds.

    Args:
        request: what was asked.
        answer: the JSON of a chat completion.
        elapsed_s: seconds since the request was submitted.
        retries: requests that failed before.
        reasoning_kind: what of its thought the model shows, as the recipe says. Where the server counted
            reasoning tokens and sent no thought, it is `hidden` whatever the recipe says.

    Raises:
        NotAChatCompletion: the JSON is something else.
    """
    choice, message = _choice(answer)
    content, reasoning = _parts(message)
    finish_reason, detail = _ended(choice, message)
    if finish_reason == "refusal" and isinstance(message.get("refusal"), str):
        content = content or message["refusal"]
    text = storable(_text(content, reasoning, request.prefill or "", finish_reason))
    usage = answer.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    prompt_tokens, completion_tokens = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt_tokens is None or completion_tokens is None:
        uncounted = "the server counted no tokens"
        detail = f"{detail}; {uncounted}" if detail else uncounted
    thought = _count(usage.get("completion_tokens_details"), "reasoning_tokens")
    return Completion(
        rollout_id=request.rollout_id,
        text=text,
        finish_reason=finish_reason,
        prompt_tokens=prompt_tokens or 0,
        completion_tokens=completion_tokens or 0,
        elapsed_s=elapsed_s,
        cached_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning_kind="hidden" if thought and OPEN not in text else reasoning_kind,
        retries=retries,
        detail=detail,
        logprobs=logprobs(choice) if request.top_logprobs else None,
    )


def _with_extra(made: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(made)
    for key, value in extra.items():
        if value is None or value == OMIT:
            result.pop(key, None)
        elif isinstance(value, str) and value.startswith("$"):
            if value[1:] not in made:
                raise ConfigError(
                    f"extra_body: {key} = {value!r} refers to no key of a request. They are: "
                    f"{', '.join(sorted(made))}; {OMIT!r} leaves a key out."
                )
            result[key] = made[value[1:]]
        elif isinstance(value, Mapping) and isinstance(made.get(key), Mapping):
            result[key] = {**made[key], **value}
        else:
            result[key] = value
    return result


def _choice(answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if not isinstance(answer, Mapping):
        raise NotAChatCompletion(f"a JSON {type(answer).__name__} in place of a chat completion")
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        why = told(answer)[0] if answer.get("error") else f"its keys are {', '.join(map(str, answer))}"
        raise NotAChatCompletion(one_line(f"JSON without choices: {why}"))
    message = choices[0].get("message")
    if not isinstance(message, Mapping):
        raise NotAChatCompletion("a choice without a message")
    return choices[0], message


def _parts(message: Mapping[str, Any]) -> tuple[str, str]:
    """Content and reasoning of a message; content is a text, or a list of parts as Mistral sends it."""
    content, reasoning = message.get("content"), message.get("reasoning") or message.get("reasoning_content")
    thoughts = [reasoning] if isinstance(reasoning, str) else []
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        for part in parts:
            thoughts += [piece["text"] for piece in part.get("thinking") or [] if "text" in piece]
        content = "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    if content is not None and not isinstance(content, str):
        raise NotAChatCompletion(f"a message whose content is a JSON {type(content).__name__}")
    return content or "", "".join(thoughts)


def _ended(choice: Mapping[str, Any], message: Mapping[str, Any]) -> tuple[str, str | None]:
    """Finish reason and detail."""
    given = choice.get("finish_reason")
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        return "refusal", one_line(f"refused: {refusal}")
    reason = _REASONS.get(given, "error") if isinstance(given, str) else "error"
    if reason in ("stop", "length"):
        return reason, None
    why = f": {told(choice)[0]}" if choice.get("error") else ""
    return reason, one_line(f"the server ended it with finish_reason {given!r}{why}")


def _text(content: str, reasoning: str, prefill: str, finish_reason: str) -> str:
    """The raw text as the model wrote it, its thought in tags, the prefill in front."""
    if not reasoning.strip():
        text = content if content.startswith(prefill) else prefill + content
        closed, opened = text.find(CLOSE), text.find(OPEN)
        prefilled = closed >= 0 and not 0 <= opened < closed  # by the server's chat template
        return f"{OPEN}\n{text}" if prefilled else text
    opened = _opened(reasoning, prefill)
    if finish_reason == "length" and not content.strip():
        return opened
    return f"{opened}\n{CLOSE}\n\n" + content.lstrip("\n")


def _opened(reasoning: str, prefill: str) -> str:
    """A thought that the server returned apart, with its opening tag, and the prefill in front."""
    before, tag, begun = prefill.rpartition(OPEN)
    if not tag or CLOSE in begun:  # the prefill did not open it
        return f"{prefill}{OPEN}\n" + reasoning.strip("\n")
    if begun.strip() and reasoning.lstrip("\n").startswith(begun.strip("\n")):  # the server echoed it
        return f"{before}{OPEN}\n" + reasoning.strip("\n")
    return prefill + (reasoning.strip("\n") if prefill.endswith("\n") else reasoning.rstrip("\n"))


def _count(usage: object, key: str) -> int | None:
    found = usage.get(key) if isinstance(usage, Mapping) else None
    return found if isinstance(found, int) and found >= 0 else None
