import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import ConfigError
from r1data.generate.engine import FINISH_REASONS, Request
from r1data.generate.engines.chat import NotAChatCompletion, body, completion
from r1data.generate.engines.refused import refused
from r1data.recipe import Sampling
from r1data.text import split, thought
from tests.generate.engines.chat_server import said

ASKED = ({"role": "system", "content": "Think."}, {"role": "user", "content": "What is 2 + 2?"})


def request(**fields):
    return Request("r", "p", 0, ASKED, seed=2**62, max_tokens=64, **fields)


def read(answer, reasoning_kind="full", **fields):
    """The completion of an answer, a JSON or the content of its message."""
    answer = said(answer) if isinstance(answer, str) else answer
    return completion(request(**fields), answer, elapsed_s=1.5, retries=2, reasoning_kind=reasoning_kind)


def text(content, finish_reason="stop", prefill=None, **message):
    return read(said(content, finish_reason, message=message), prefill=prefill).text


def test_a_body_holds_every_value_that_all_servers_know_and_no_other():
    assert body(request(), "m", {}) == {
        "model": "m",
        "messages": list(ASKED),
        "seed": 2**62,
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": 64,
    }


def test_what_is_not_neutral_is_sent_too():
    sampling = Sampling(temperature=0.6, top_k=20, min_p=0.05, stops=("\n\n",))
    made = body(request(sampling=sampling, thinking=False), "m", {})
    assert (made["temperature"], made["top_k"], made["min_p"], made["stop"]) == (0.6, 20, 0.05, ["\n\n"])
    assert made["chat_template_kwargs"] == {"enable_thinking": False}


def test_choices_and_schemas_become_a_response_format_that_all_servers_know():
    chosen = body(request(choices=("SAME", "DIFFERENT"), top_logprobs=5), "m", {})
    named = chosen["response_format"]["json_schema"]
    assert chosen["response_format"]["type"] == "json_schema" and named["strict"] is True
    assert named["schema"]["properties"] == {"verdict": {"type": "string", "enum": ["SAME", "DIFFERENT"]}}
    assert named["schema"]["required"] == ["verdict"] and named["schema"]["additionalProperties"] is False
    assert (chosen["logprobs"], chosen["top_logprobs"]) == (True, 5)
    told = body(request(json_schema={"type": "object"}), "m", {"response_format": "$omit"})
    assert not told.keys() & {"response_format", "logprobs", "top_logprobs"}
    told = body(request(json_schema={"type": "object"}), "m", {})
    assert told["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_probabilities_are_kept_by_the_text_of_their_token_and_only_if_they_were_wanted():
    likely = [{"token": "S", "logprob": -0.1}, {"token": "D", "logprob": -2}]
    given = {"token": "S", "logprob": -0.1, "bytes": [83], "top_logprobs": likely}
    end = {"token": "AME", "logprob": 0.0, "top_logprobs": [{"token": "x", "logprob": -math.inf}]}

    def kept(logprobs, **fields):
        answer = said("SAME")
        answer["choices"][0]["logprobs"] = logprobs
        return read(answer, **fields).logprobs

    assert kept({"content": [given, end]}, top_logprobs=2) == (
        ("S", {"S": -0.1, "D": -2.0}),
        ("AME", {"AME": 0.0}),
    )
    assert kept({"content": [given, end]}) is None
    for odd in (None, {}, {"content": None}, {"content": []}, {"content": ["S"]}, {"content": [{}]}, [1]):
        assert kept(odd, top_logprobs=2) is None
    assert kept({"content": [given | {"logprob": "low"}]}, top_logprobs=2) is None


def test_a_prefill_is_a_message_that_the_server_continues():
    made = body(request(prefill="<think>\n"), "m", {})
    assert made["messages"][-1] == {"role": "assistant", "content": "<think>\n"}
    assert made["continue_final_message"] is True and made["add_generation_prompt"] is False
    assert len(ASKED) == 2


def test_extra_keys_win_rename_remove_and_merge():
    extra = {
        "max_completion_tokens": "$max_tokens",
        "max_tokens": "$omit",
        "temperature": None,
        "top_p": 0.5,
        "chat_template_kwargs": {"language": "en"},
        "reasoning_effort": "high",
    }
    made = body(request(thinking=True), "m", extra)
    assert made["max_completion_tokens"] == 64 and not made.keys() & {"max_tokens", "temperature"}
    assert made["top_p"] == 0.5 and made["reasoning_effort"] == "high"
    assert made["chat_template_kwargs"] == {"enable_thinking": True, "language": "en"}
    with pytest.raises(ConfigError, match=r"max_tokns.+refers to no key"):
        body(request(), "m", {"max_completion_tokens": "$max_tokns"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("4", {"reasoning": "2 and 2.\n"}),
        ("\n\n4", {"reasoning_content": "\n2 and 2."}),
        ("<think>\n2 and 2.\n</think>\n\n4", {}),
        ("2 and 2.\n</think>\n\n4", {}),
        ("<think>\n2 and 2.\n</think>\n\n4", {"reasoning": None, "reasoning_content": ""}),
        ([{"type": "thinking", "thinking": [{"text": "2 and 2."}]}, {"type": "text", "text": "4"}], {}),
    ],
    ids=["reasoning", "reasoning_content", "inline", "tag in the template", "empty fields", "parts"],
)
def test_a_thought_reads_the_same_wherever_the_server_put_it(content, message):
    assert text(content, **message) == "<think>\n2 and 2.\n</think>\n\n4"


def test_a_thought_that_hit_the_cap_stays_open():
    cut = text("", "length", reasoning="2 and\n")
    assert cut == "<think>\n2 and" and thought(cut).end is None
    assert text(None, "length", reasoning_content="2 and") == "<think>\n2 and"
    assert text("<think>\n2 and", "length") == "<think>\n2 and"
    assert text("The", "length", reasoning="2 and 2.") == "<think>\n2 and 2.\n</think>\n\nThe"
    assert text("", "stop", reasoning="2 and 2.") == "<think>\n2 and 2.\n</think>\n\n"


def test_a_prefill_stands_in_front_once():
    assert text(" 4", prefill="2 + 2 =") == "2 + 2 = 4"
    assert text("2 + 2 = 4", prefill="2 + 2 =") == "2 + 2 = 4"  # the server echoed it
    assert text("2 and 2.\n</think>\n\n4", prefill="<think>\n") == "<think>\n2 and 2.\n</think>\n\n4"


@pytest.mark.parametrize(
    ("prefill", "reasoning", "opened"),
    [
        ("<think>\n", "2 and 2.", "<think>\n2 and 2."),
        ("<think>", "\n2 and 2.", "<think>\n2 and 2."),
        ("<think>\nFirst, ", "2 and 2.", "<think>\nFirst, 2 and 2."),
        ("<think>\nFirst, ", "First, 2 and 2.", "<think>\nFirst, 2 and 2."),
        ("Well. ", "2 and 2.", "Well. <think>\n2 and 2."),
    ],
)
def test_a_prefill_and_a_thought_that_comes_apart_are_one_text(prefill, reasoning, opened):
    assert text("4", prefill=prefill, reasoning=reasoning) == f"{opened}\n</think>\n\n4"


def test_odd_texts_are_kept_as_they_are():
    assert text("") == text(None) == ""
    assert text("<think>") == "<think>"
    nested = "<think>a<think>b</think>c</think>d"
    assert text(nested) == nested
    assert text("a" * 100_000) == "a" * 100_000
    assert text("</think>") == "<think>\n</think>"
    assert text("half \ud83d of a pair") == "half \ufffd of a pair"


@given(st.text(), st.text())
def test_a_thought_that_comes_apart_can_be_split_off_again(reasoning, content):
    written = text(content, reasoning=reasoning)
    if reasoning.strip() and "think>" not in reasoning:
        assert split(written) == (reasoning.strip(), content.strip())
    written.encode()


@pytest.mark.parametrize(
    ("told", "finish_reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("abort", "abort"),
        ("repetition", "repetition"),
        ("content_filter", "refusal"),
        ("tool_calls", "error"),
        (None, "error"),
        (7, "error"),
    ],
)
def test_finish_reasons_are_ours_and_the_others_say_what_the_server_told(told, finish_reason):
    found = read(said("so far", told))
    assert found.finish_reason == finish_reason and finish_reason in FINISH_REASONS
    assert found.text == "so far"
    assert (found.detail is None) == (finish_reason in ("stop", "length"))
    assert found.detail is None or repr(told) in found.detail


def test_a_refusal_keeps_its_text_and_says_so():
    found = read(said(None, message={"refusal": "I cannot\nhelp with that."}))
    assert (found.finish_reason, found.detail) == ("refusal", "refused: I cannot help with that.")
    assert found.text == "I cannot\nhelp with that."


def test_what_the_server_counted_is_kept_and_nothing_is_guessed():
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}}
    found = read(said("4", usage=usage))
    assert (found.prompt_tokens, found.completion_tokens, found.cached_tokens) == (9, 5, 8)
    assert (found.elapsed_s, found.retries, found.detail) == (1.5, 2, None)
    assert read("4").cached_tokens is None
    uncounted = read(said("4", usage=None))
    assert (uncounted.prompt_tokens, uncounted.completion_tokens) == (0, 0)
    assert (uncounted.finish_reason, uncounted.detail) == ("stop", "the server counted no tokens")


def test_a_thought_that_was_counted_and_not_shown_is_hidden():
    usage = {
        "prompt_tokens": 9, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 4},
    }  # fmt: skip
    assert read(said("4", usage=usage)).reasoning_kind == "hidden"
    shown = said("4", usage=usage, message={"reasoning": "A summary."})
    assert read(shown, "summary").reasoning_kind == "summary"
    assert read(said("<think>a</think>4", usage=usage)).reasoning_kind == "full"
    assert read("4", "summary").reasoning_kind == "summary"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({}, "JSON without choices"),
        ({"choices": []}, "JSON without choices"),
        ({"error": {"message": "no\nbackend"}}, "without choices: no backend"),
        ({"choices": [{}]}, "without a message"),
        ({"choices": [{"message": {"content": {"a": 1}}}]}, "content is a JSON dict"),
        ([], "a JSON list in place"),
        ("text", "a JSON str in place"),
    ],
)
def test_json_that_is_no_chat_completion_says_what_it_is(answer, says):
    with pytest.raises(NotAChatCompletion, match=says):
        completion(request(), answer, elapsed_s=0, retries=0, reasoning_kind="full")


@pytest.mark.parametrize(
    ("message", "room"),
    [
        ("This model's maximum context length is 1024 tokens. However, your prompt contains 2001 input "
         "tokens, which exceeds this limit even without any output tokens.", None),
        ("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (1000 in "
         "the messages, 8000 in the completion). Please reduce the length of the messages.", 7192),
        ("Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a "
         "total of 40000 tokens: 1000 tokens from the input messages and 39000 for the completion.", 31768),
        ("'max_tokens' is too large: 4000. This model's maximum context length is 1024 tokens and your "
         "request has 900 input tokens (4000 > 1024 - 900).", 124),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", None),
        ("prompt is too long: 210000 tokens > 200000 maximum", None),
    ],
)  # fmt: skip
def test_over_long_prompts_are_known_by_what_servers_say(message, room):
    found = refused(400, {"error": {"message": message, "code": 400}})
    assert (found.finish_reason, found.room) == ("rejected", room)
    assert refused(400, {"object": "error", "message": message}).finish_reason == "rejected"
    assert refused(413, "<html>too large</html>").finish_reason == "rejected"
    assert "\n" not in found.detail and len(found.detail) <= 300
