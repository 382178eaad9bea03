"""The constraints of IFEval, strict and loose."""

import json

import pytest

from r1data.verify import own_completion, verify
from r1data.verify.instruction import CONSTRAINTS
from r1data.verify.instruction.counting import n_capital_words, n_sentences

# fmt: off
KEPT = [
    ("keywords:existence", {"keywords": ["Owl", "barn"]}, "An owl in a BARN.", "An owl in a tree."),
    (
        "keywords:frequency",
        {"keyword": "owl", "frequency": 2, "relation": "at least"},
        "Owl, owl.",
        "One owl.",
    ),
    (
        "keywords:frequency",
        {"keyword": "owl", "frequency": 2, "relation": "less than"},
        "One owl.",
        "Owl, owl.",
    ),
    ("keywords:forbidden_words", {"forbidden_words": ["can", "c++"]}, "A canyon.", "I can."),
    (
        "keywords:letter_frequency",
        {"letter": "!", "let_frequency": 2, "let_relation": "at least"},
        "O! O!",
        "O!",
    ),
    ("language:response_language", {"language": "de"}, "Das ist eine gute Antwort.", "A good answer it is."),
    (
        "length_constraints:number_sentences",
        {"num_sentences": 2, "relation": "at least"},
        "He ran. He fell.",
        "He ran and fell.",
    ),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "One\n***\nTwo", "One\n\nTwo"),
    ("length_constraints:number_words", {"num_words": 3, "relation": "less than"}, "Two", "Three of it"),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "owls"},
        "One.\n\nOwls, two.",
        "One.\n\nTwo owls.",
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] and [b]", "[a and b]"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye.\nP.S. Hello.", "Bye. PS Hello."),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* one\n- two", "* a\n* b\n* c"),
    ("detectable_format:constrained_response", {}, "My answer is maybe.", "Maybe."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* **b**", "*a* ** **"),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "Section", "num_sections": 2},
        "Section 1\nA\nSection 2\nB",
        "Section one\nSection 2",
    ),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
    ("detectable_format:title", {}, "<<Owls>>\nThey fly.", "<< >>\nThey fly."),
    ("combination:two_responses", {}, "One\n******\nTwo", "One\n******\nOne"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hi."}, "say hi.\nHi!", "Hi! Say hi."),
    ("startend:end_checker", {"end_phrase": "That is all."}, 'So: "that is all."', "That is all. Bye."),
    ("startend:quotation", {}, '"Quoted."', 'So "quoted."'),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 2, "capital_relation": "less than"},
        "One BIG owl",
        "VERY BIG owl",
    ),
    ("change_case:english_capital", {}, "THIS IS WHAT WAS ASKED FOR.", "This is what was asked for."),
    ("change_case:english_lowercase", {}, "this is what was asked for.", "das ist eine antwort."),
    ("punctuation:no_comma", {}, "Now then.", "Now, then."),
]
# fmt: on


def judge(answer, *constraints, **args):
    names, kwargs = zip(*constraints, strict=True)
    return verify(
        "instruction", f"<think>,</think>{answer}", None,
        instruction_id_list=list(names), kwargs=list(kwargs), **args,
    )  # fmt: skip


def test_every_constraint_of_the_paper_is_here_and_has_a_case():
    assert len(CONSTRAINTS) == 25
    assert {name for name, *_ in KEPT} == CONSTRAINTS.keys()


@pytest.mark.parametrize(("name", "kwargs", "kept", "broken"), KEPT)
def test_a_constraint_tells_who_keeps_it_and_an_answer_to_it_can_be_composed(name, kwargs, kept, broken):
    assert judge(kept, (name, kwargs)).reason == "followed"
    verdict = judge(broken, (name, kwargs))
    assert (verdict.verdict, verdict.reason, verdict.extracted) == ("wrong", "not_followed", name)
    reference = json.dumps({"instruction_id_list": [name], "kwargs": [kwargs]})
    own = own_completion("instruction", reference)
    assert verify("instruction", own, reference).verdict == "right"


def test_the_reward_is_the_share_of_constraints_kept():
    comma, quoted = ("punctuation:no_comma", {}), ("startend:quotation", {})
    verdict = judge("No comma.", comma, quoted, comma)
    assert (verdict.verdict, verdict.extracted) == ("wrong", "startend:quotation")
    assert verdict.reward == pytest.approx(2 / 3)


def test_loose_forgives_an_introduction_a_farewell_and_asterisks():
    answer = 'Sure, here it is:\n**"Quoted."**\nBye, then!'
    constraints = ("startend:quotation", {}), ("punctuation:no_comma", {})
    assert judge(answer, *constraints).reward == 0
    assert judge(answer, *constraints, mode="loose").verdict == "right"


def test_arguments_may_hold_nulls_and_be_json_text_as_in_the_public_files():
    kwargs = json.dumps([{"num_bullets": 1.0, "language": None, "keywords": None}])
    args = {"instruction_id_list": ["detectable_format:number_bullet_lists"], "kwargs": kwargs}
    assert verify("instruction", "<think>.</think>* one", None, **args).verdict == "right"


@pytest.mark.parametrize(
    ("names", "kwargs"),
    [
        (["punctuation:no_commas"], [{}]),
        (["punctuation:no_comma"], []),
        ([], []),
        (["keywords:existence"], [{"keywords": "owl"}]),
        (["length_constraints:number_words"], [{"num_words": 3, "relation": "about"}]),
        (["length_constraints:number_words"], [{"relation": "at least"}]),
        ("punctuation:no_comma", [{}]),
        ([["punctuation:no_comma"]], [{}]),
        (["punctuation:no_comma"], ["x"]),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": float("inf")}]),
        (["detectable_format:number_bullet_lists"], 7),
    ],
)
def test_constraints_that_cannot_be_read_are_a_bad_reference(names, kwargs):
    verdict = verify("instruction", "<think>.</think>a", None, instruction_id_list=names, kwargs=kwargs)
    assert verdict.reason == "bad_reference"


def test_constraints_that_exclude_each_other_make_a_reference_that_fails_its_own_test():
    args = {
        "instruction_id_list": ["change_case:english_capital", "change_case:english_lowercase"],
        "kwargs": [{}, {}],
    }
    assert verify("instruction", own_completion("instruction", "", args), "", **args).verdict == "wrong"


def test_a_language_that_cannot_be_told_is_unknown_unless_another_constraint_is_broken():
    language = ("language:response_language", {"language": "de"})
    assert judge("12 34", language).reason == "unknown_language"
    assert judge("1, 2", language, ("punctuation:no_comma", {})).verdict == "wrong"


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("No end", 1),
        ("One. Two! Three?", 3),
        ("Dr. Lee of the U.S. Army paid 3.50 dollars.", 1),
        ("He came at 5 p.m. The owl slept.", 2),
        ("Well... maybe. \"Really?!\" he said.", 3),
        ("**Bold.** Plain.", 2),
        ("今天下雨。我们在家！好吗？", 3),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text, n):
    assert n_sentences(text) == n


def test_hyphenated_capitals_are_one_word_and_markdown_is_none():
    assert n_capital_words("WELL-KNOWN **BIG** (OWL), I said A-b. U.S. 3D 12") == 6


@pytest.mark.parametrize(
    "mark", ["[", "*", "<<", "- ", ". ", '"', "{", "a", " ", "\n", "(*", "p. p.", "Section 1"]
)
def test_a_long_text_is_judged_soon(mark):
    names, kwargs = zip(*((name, kwargs) for name, kwargs, *_ in KEPT), strict=True)
    args = {"instruction_id_list": list(names), "kwargs": list(kwargs), "mode": "loose"}
    assert verify("instruction", "<think>.</think>x" + mark * 100_000, None, **args).reason != "crash"
