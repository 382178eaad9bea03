"""Knights and knaves, however the completion writes them down."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.verify import own_completion, verify

REFERENCE = "Zoey is a knight, Riley is a knave, and Ethan is a knave."


def judge(answer, reference=REFERENCE, **args):
    return verify("logic", f"<think>Riley is a knight.</think>{answer}", reference, **args)


@pytest.mark.parametrize(
    "answer",
    [
        REFERENCE,
        "(1) Zoey is a knight\n(2) Riley is a knave\n(3) Ethan is a knave",
        "1. **Zoey**: Knight\n2. **Riley**: Knave\n3. **Ethan**: Knave",
        "Zoey is a knight, while Riley and Ethan are knaves.",
        "Both Riley and Ethan are liars, and Zoey is the only truth-teller.",
        "| Person | Role |\n|---|---|\n| Zoey | knight |\n| Riley | knave |\n| Ethan | knave |",
        '```json\n{"Zoey": "knight", "Riley": "knave", "Ethan": "knave"}\n```',
        '{"Zoey": true, "Riley": false, "Ethan": false}',
        '{"knights": ["Zoey"], "knaves": ["Riley", "Ethan"]}',
        '[{"name": "Riley", "role": "knave"}, {"role": "knave", "name": "Ethan"}]\nZoey: knight',
        "| Zoey | Riley | Ethan |\n|---|---|---|\n| Knight | Knave | Knave |",
        "Zoey → Knight\nRiley → Knave\nEthan → Knave",
        "Only Zoey is a knight; everyone else is a knave.",
        "Zoey tells the truth, and Riley and Ethan lie.",
        "Knights – Zoey; Knaves – Riley, Ethan",
        r"$\text{Zoey} = \text{knight}$, $\text{Riley} = \text{knave}$, $\text{Ethan} = \text{knave}$",
        "Neither Riley nor Ethan is a knight, and Zoey is a knight.",
        "**Knights:**\n- Zoey\n\n**Knaves:**\n- Riley\n- Ethan",
        r"\boxed{\text{Zoey is a knight, Riley is a knave, Ethan is a knave}}",
        r"Zoey: \boxed{knight}, Riley: \boxed{knave}, Ethan: \boxed{knave}",
        "Zoey is a knight, Riley is not a knight, and Ethan isn't a knight.",
        "The knight is Zoey, and the others are knaves.",
        "Zoey 是骑士，Riley 是无赖，Ethan是骗子。",
        "If Zoey is a knave then Riley is a knight. Ethan says Riley is a knight.\n\nSo, " + REFERENCE,
        "Assume Riley is a knight. That fails.\n\n" + REFERENCE,
        "Riley is a knave because Ethan says that Riley is a knight. Ethan is a knave. Zoey is a knight.",
        "<answer>" + REFERENCE + "</answer>",
    ],
)
def test_the_solution_is_found_however_it_is_written(answer):
    verdict = judge(answer)
    assert (verdict.verdict, verdict.extracted) == (
        "right",
        "Zoey is a knight, Riley is a knave, Ethan is a knave.",
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Zoey is a knight, Riley is a knave, and Ethan is a knight.", "different"),
        ("All of them are knights.", "different"),
        ("Zoey is a knight and Riley is a knave.", "incomplete"),
        ("The others are knaves.", "different"),
        ("Zoey is a knight. Zoey is a knave. Riley is a knave. Ethan is a knave.", "contradictory"),
        (
            f"Answer: {REFERENCE}\n\nAnswer: Zoey is a knave, Riley is a knight, Ethan is a knight.",
            "contradictory",
        ),
        (rf"\boxed{{Zoey: knave, Riley: knave, Ethan: knave}} \boxed{{{REFERENCE}}}", "contradictory"),
        ("Somebody lies.", "no_answer"),
        ("If Zoey is a knight, then Riley and Ethan are knaves.", "no_answer"),
        ("", "no_answer"),
    ],
)
def test_an_answer_that_is_wrong_or_incomplete_earns_nothing_and_the_reason_says_why(answer, reason):
    verdict = judge(answer)
    assert (verdict.verdict, verdict.reason, verdict.reward) == ("wrong", reason, 0.0)


def test_references_may_be_booleans_and_roles_may_have_other_names():
    names = ["Ada", "Bo"]
    assert judge("Ada is a knave, Bo is a knight.", "[false, true]", names=names).verdict == "right"
    assert (
        judge("Ada is a knave.\nBo is a knight.", None, names=names, solution=[False, True]).reason == "equal"
    )
    assert (
        judge("Ada is a laggard, Bo is a pioneer.", "Ada is a laggard, and Bo is a pioneer.").reason
        == "equal"
    )
    other = {"names": names, "roles": ["lark", "owl"]}
    assert judge("Ada is an owl and Bo a lark", "[false, true]", **other).reason == "equal"


def test_names_of_one_letter_are_no_articles():
    assert judge("A is a knight and B is a knave.", "[true, false]", names=["A", "B"]).verdict == "right"


@pytest.mark.parametrize(
    ("reference", "args"),
    [
        ("Nobody.", {}),
        ("Zoey is a knight, Zoey is a knave.", {}),
        ("[true]", {"names": ["Ada", "Bo"]}),
        ("[true, 1]", {"names": ["Ada", "Bo"]}),
        ("[true", {"names": ["Ada"]}),
        ("[true]", {}),
        (REFERENCE, {"names": ["Ada"]}),
        (REFERENCE, {"names": 3}),
        (REFERENCE, {"roles": ["knight"]}),
    ],
)
def test_a_reference_that_cannot_be_read_is_unknown(reference, args):
    assert judge(REFERENCE, reference, **args).reason == "bad_reference"


@given(st.dictionaries(st.sampled_from(["Ann", "Bob", "Cid", "Dora", "Eve"]), st.booleans(), min_size=1))
def test_every_solution_accepts_itself_and_no_other(solution):
    args = {"names": list(solution)}
    reference = json.dumps(list(solution.values()))
    assert verify("logic", own_completion("logic", reference, args), reference, **args).verdict == "right"
    turned = json.dumps([not next(iter(solution.values())), *list(solution.values())[1:]])
    assert verify("logic", own_completion("logic", turned, args), reference, **args).reason == "different"


@pytest.mark.parametrize(
    "mark", ["Zoey ", "knight ", "so, ", "Zoey is a knight. ", "{", " ", "\n", "if ", ":"]
)
def test_a_long_text_is_judged_soon(mark):
    assert judge(mark * (100_000 // len(mark))).reason != "crash"
