import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.errors import ConfigError
from r1data.prompts.reasoning_gym import reasoning_gym
from r1data.recipe import PromptSource
from r1data.verify import REASONS, VERIFIERS, own_completion, verify


def gcd_item():
    config = PromptSource(name="x", source="reasoning_gym", families=("gcd",), n_per_family=1)
    return next(reasoning_gym(config, night=None, start=None))


REFERENCES = {
    "math": (r"\frac{3}{4}", {}, r"\frac{4}{3}"),
    "exact": ("Blue whale", {}, "Whale blue"),
    "choice": ("C", {}, "D"),
    "reasoning_gym": (gcd_item().reference, gcd_item().verifier_args, "1000003"),
}


@pytest.mark.parametrize("name", [name for name, one in VERIFIERS.items() if one.needs_reference])
def test_every_verifier_accepts_its_own_reference_and_rejects_another_answer(name):
    reference, args, other = REFERENCES[name]
    assert verify(name, own_completion(name, reference), reference, **args).verdict == "right"
    verdict = verify(name, own_completion(name, other), reference, **args)
    assert verdict.verdict == "wrong"
    assert verdict.reward < 1


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_verdict_carries_version_and_time_and_a_known_reason(name):
    verdict = verify(name, "<think>1</think>1", "1")
    assert verdict.version == VERIFIERS[name].version
    assert verdict.ms > 0
    assert verdict.reason in REASONS


@pytest.mark.parametrize("name", [name for name, one in VERIFIERS.items() if one.needs_reference])
@pytest.mark.parametrize("reference", [None, "", "  "])
def test_a_missing_reference_is_unknown_not_wrong(name, reference):
    verdict = verify(name, "<think>1</think>1", reference)
    assert (verdict.verdict, verdict.reward, verdict.reason) == ("unknown", None, "bad_reference")


@pytest.mark.parametrize("name", [name for name, one in VERIFIERS.items() if one.needs_reference])
def test_a_thought_that_was_never_closed_holds_no_answer(name):
    reference, args, _ = REFERENCES[name]
    verdict = verify(name, f"<think>so it is {reference}", reference, **args)
    assert (verdict.verdict, verdict.reason) == ("wrong", "no_answer")


TEXTS = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            r"\boxed{",
            "}",
            "{",
            "$",
            "Answer:",
            "####",
            "7",
            "x^",
            r"\frac",
            ".",
            "%",
            "é",
            "中",
        ]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("name", VERIFIERS)
@settings(deadline=None, max_examples=60)
@given(completion=TEXTS, reference=st.none() | TEXTS)
def test_no_text_makes_a_verifier_fail(name, completion, reference):
    verdict = verify(name, completion, reference)
    assert verdict.reason in REASONS
    assert verdict.reason != "crash"
    assert REASONS[verdict.reason].startswith(verdict.verdict)
    assert (verdict.reward is None) == (verdict.verdict == "unknown")


def test_a_failing_verifier_is_unknown():
    verdict = verify("reasoning_gym", "<think>1</think>1", "1", task="no such task")
    assert (verdict.verdict, verdict.reward, verdict.reason) == ("unknown", None, "crash")


def test_an_unknown_verifier_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError, match="`maths`; did you mean `math`"):
        verify("maths", "1", "1")
