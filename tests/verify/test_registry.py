"""What holds for every verifier; one is covered by a line in REFERENCES, or in FORMS if it judges form, or in
UNDECIDED if it never accepts.
"""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.errors import ConfigError
from r1data.prompts.reasoning_gym import reasoning_gym
from r1data.recipe import PromptSource
from r1data.verify import REASONS, VERIFIERS, misused, own_completion, verify


def gcd_item():
    config = PromptSource(name="x", source="reasoning_gym", families=("gcd",), n_per_family=1)
    return next(reasoning_gym(config, night=None, start=None))


def constraints(frequency: int) -> str:
    wanted = {"keyword": "owl", "frequency": frequency, "relation": "at least"}
    return json.dumps({"instruction_id_list": ["keywords:frequency"], "kwargs": [wanted]})


TESTS = {"test_list": ["assert add(1, 2) == 3"]}
ADD = json.dumps(TESTS | {"code": "def add(a, b): return a + b"})
SUBTRACT = json.dumps(TESTS | {"code": "def add(a, b): return a - b"})
REFERENCES = {
    "math": (r"\frac{3}{4}", {}, r"\frac{4}{3}"),
    "exact": ("Blue whale", {}, "Whale blue"),
    "code": (ADD, {}, SUBTRACT),
    "choice": ("C", {"options": ["0.1", "0.2", "0.4", "0.8"]}, "D"),
    "logic": ("Ada is a knight, and Bo is a knave.", {}, "Ada is a knave, and Bo is a knave."),
    "instruction": (constraints(3), {}, constraints(2)),
    "refusal": ("decline", {}, "answer"),
    "reasoning_gym": (gcd_item().reference, gcd_item().verifier_args, "1000003"),
}
"""Of every verifier that needs one: a reference, its arguments, and the reference of another answer."""
FORMS = {
    "format": ("<think>Two.</think>2", {}, "Two.</think>2"),
    "language": ("<think>Zwei.</think>2", {"language": "de"}, "<think>Два.</think>2"),
}
"""Of every verifier of form: a completion that is right, its arguments, and one that is wrong."""
UNDECIDED = {"judge": ("A poem.", {"rubrics": ["writing"], "criteria": ["It rhymes."]})}
"""Of every verifier that leaves all answers to a judge: a reference and its arguments."""
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "verification.md"


@pytest.mark.parametrize("name", [name for name, one in VERIFIERS.items() if one.needs_reference])
def test_every_verifier_accepts_its_own_reference_and_rejects_another_answer(name):
    reference, args, other = REFERENCES[name]
    assert verify(name, own_completion(name, reference, args), reference, **args).verdict == "right"
    verdict = verify(name, own_completion(name, other, args), reference, **args)
    assert verdict.verdict == "wrong"
    assert verdict.reward < 1


@pytest.mark.parametrize("name", [name for name, one in VERIFIERS.items() if one.by_form])
def test_every_verifier_of_form_accepts_what_is_right_and_rejects_what_is_not(name):
    completion, args, other = FORMS[name]
    assert verify(name, completion, None, **args).verdict == "right"
    assert verify(name, other, None, **args).verdict == "wrong"


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_a_judge_must_decide_is_neither_right_nor_wrong_for_a_rule(name):
    reference, args = UNDECIDED[name]
    for known in (reference, None, ""):
        for completion in (own_completion(name, reference, args), "A poem.", "<think>Hm.</think>Bad."):
            verdict = verify(name, completion, known, **args)
            assert (verdict.verdict, verdict.reward, verdict.reason) == ("unknown", None, "no_rule")
        for nothing in ("", "<think>A poem.</think>", "<think>A poem.", "<answer> </answer>"):
            assert verify(name, nothing, known, **args).reason == "no_answer"


def test_every_verifier_is_of_one_kind():
    assert {*REFERENCES} == {name for name, one in VERIFIERS.items() if one.needs_reference}
    assert {*FORMS} == {name for name, one in VERIFIERS.items() if one.by_form}
    assert {*UNDECIDED} == {*VERIFIERS} - {*REFERENCES, *FORMS}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"rubrics": ["writing"], "criteria": ["It rhymes."]}, None),
        ({}, None),
        ({"rubric": ["writing"]}, "did you mean `rubrics`"),
        ({"rubrics": ["writting"]}, "did you mean `writing`"),
        ({"rubrics": "writing"}, "no list of texts"),
        ({"criteria": [""]}, "no list of texts"),
        ({"rubrics": ["my/none.md"]}, "there is no file my/none.md"),
    ],
)
def test_arguments_of_a_judge_are_known_keys_and_rubrics(args, said):
    found = misused("judge", args)
    assert (found is None) if said is None else (said in found)


def test_every_version_names_its_verifier():
    assert [name for name, one in VERIFIERS.items() if not re.match(rf"{name}-\d", one.version)] == []


def test_the_manual_names_every_verifier_and_every_reason_as_code():
    manual = MANUAL.read_text(encoding="utf-8")
    assert [name for name in (*VERIFIERS, *REASONS) if f"`{name}`" not in manual] == []


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
            "B",
            "(",
            "knight",
            "Ada is a ",
            "[true]",
            "<|im_end|>",
            "\ud800",
        ]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("name", VERIFIERS)
@settings(max_examples=60)
@given(completion=TEXTS, reference=st.none() | TEXTS)
def test_no_text_makes_a_verifier_fail(name, completion, reference):
    _, args, *_ = (REFERENCES | FORMS | UNDECIDED)[name]
    for asked, arguments in ((reference, {}), (reference, args), (REFERENCES.get(name, [None])[0], args)):
        verdict = verify(name, completion, asked, **arguments)
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
