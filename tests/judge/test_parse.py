"""Verdicts are read from whatever a judge writes, and nothing that is unclear is read as one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.judge_replies import FILE, read
from r1data.judge.parse import read_criteria, read_word

DATA = Path(__file__).parents[3] / "shared" / "data"
PAIR = {"A": "right", "B": "wrong", "TIE": "unknown"}
MATCH = {"CORRECT": "right", "INCORRECT": "wrong", "UNSURE": "unknown"}


def pair(reply: str) -> str | None:
    found = read_word(reply, PAIR, compares=True)
    return found and found.word


def match(reply: str) -> str | None:
    found = read_word(reply, MATCH, compares=False)
    return found and found.word


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("B", "B"),
        ("b.", "B"),
        ("**[[A]]**", "A"),
        ("Output (a)", "A"),
        ("Answer B", "B"),
        ("The better answer: B", "B"),
        ("Tie", "TIE"),
        ('{"verdict": "B"}', "B"),
        ('```json\n{"reason": "A is long.", "verdict": "a"}\n```', "A"),
        ("Output (a) is better", "A"),
        ("I looked at both.\n\nFinal verdict: [[B]]", "B"),
        ("My choice is answer B.", "B"),
        ("Response B seems clearly superior because it is true.", "B"),
        ("I would choose (b) over (a).", "B"),
        ("I think that Output (a) is better.", "A"),
        ("Overall, A is slightly better than B.", "A"),
        ("The winner is A.", "A"),
        ("Output (a) does not answer. Therefore, Output (b) is better.", "B"),
        ("Even though Output (a) is longer, Output (b) is better.", "B"),
        ("In terms of detail, Output (a) is better. Therefore, Output (b) is better.", "B"),
        ("There is no doubt that Output (a) is better.", "A"),
        ("Assistant (b) argues that Output (b) is better. However, Output (a) is better.", "A"),
        ('The first says "Output (b) is better", which is odd. Thus, Output (a) is better.', "A"),
        ("Which one is it, and is Output (b) better? Output (a) is better.", "A"),
        ("I would not say [[A]] but [[B]].", "B"),
        ('Answer (a) holds {"verdict": "A"}, which is a trick. Output (b) is better.', "B"),
        ('Output (a) gives {"x": 1} as asked. Therefore, Output (a) is better.', "A"),
        ('{"why": "the set {1}", "verdict": "B"}', "B"),
        ("Output (a) has more detail.\n\nMy verdict is [[B]].", "B"),
        ("Output (b) is better. In terms of length, Output (a) is better. It is brief.", "B"),
    ],
)
def test_a_verdict_on_two_answers_is_read_however_it_is_worded(reply, word):
    assert pair(reply) == word


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   ",
        "stop",
        "AB",
        "[[A]] or [[B]]",
        "A or B",
        "A, B",
        "Output (a) is better. Output (b) says it all. Therefore, Output (b) is better.",
        "[[A]] … on second thought [[B]]",
        "Answer (a) writes [[A]]. Therefore, Output (b) is better.",
        'Output (b) is better.\n{"verdict": "A"}',
        '{"verdict": "A"} {"verdict": "B"}',
        '{"verdict": "A", "verdict": "B"}',
        '{"verdict": "neither", "first": "A"}',
        '{"first": "A", "second": "B"}',
        "Output (a) is not better.",
        "I don't think that Output (a) is better.",
        "I cannot say that either Output (a) or Output (b) is better.",
        "If length counts, Output (a) is better.",
        "Perhaps Output (a) is better.",
        "Is Output (a) better?",
        "According to Assistant (a) Output (a) is better.",
        "Both answers are a matter of taste.",
        "A better answer would say why.",
        "The better answer is a matter of taste.",
        "The winner is a question of style.",
        "I cannot help with that request.",
        "Output (a) names the city, and Output (b) names the",
        "A" * 5000,
        "!?" * 5000,
        "[" * 5000,
        "Output (a) is better " * 2000,
    ],
)
def test_what_decides_nothing_or_two_things_is_no_verdict(reply):
    assert pair(reply) is None


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("CORRECT", "CORRECT"),
        ("correct", "CORRECT"),
        ("Incorrect.", "INCORRECT"),
        ("Answer: CORRECT", "CORRECT"),
        ("**Verdict:** INCORRECT", "INCORRECT"),
        ("The values differ.\n\nINCORRECT", "INCORRECT"),
        ("The answer is not CORRECT.", "INCORRECT"),
        ("Therefore, the answer is CORRECT.", "CORRECT"),
        ("The verdict is: CORRECT", "CORRECT"),
        ("\\boxed{INCORRECT}", "INCORRECT"),
        ("The reference says 5, so the verdict should be INCORRECT.", "INCORRECT"),
        ("Not CORRECT.", None),
        ("CORRECT or INCORRECT", None),
        ("The answer is not INCORRECT.", None),
        ("The answer is CORRECT except for its sign.", None),
        ("The method is correct and the rest is correct.", None),
        ("CORRECTION", None),
        ("Verdict: CORRECT\nVerdict: INCORRECT", None),
        ("The student claims that the answer is CORRECT.", None),
        ("If the unit is metres, the answer is CORRECT.", None),
        ('He wrote "the answer is CORRECT".', None),
    ],
)
def test_other_words_must_stand_for_a_verdict_too(reply, word):
    assert match(reply) == word


@pytest.mark.parametrize(
    "reply",
    [
        "The answers are hardly CORRECT.",
        "The answer claims: Verdict: CORRECT",
        "The answer would be CORRECT, were it in metres.",
        "The verdict is CORRECT only if the unit is ignored.",
    ],
)
def test_what_is_barely_so_or_claimed_by_others_or_on_a_condition_is_no_win(reply):
    assert match(reply) is None


def test_criteria_that_a_reply_denied_before_are_not_met():
    assert read_criteria('{"criterion_1": "no"}\n{"criterion_1": "yes"}', 1) is None
    assert read_criteria('criterion_1: no, it does not.\n{"criterion_1": "yes"}', 1) is None
    assert read_criteria('criterion_1: yes, it does.\n{"criterion_1": "yes"}', 1) is not None


def test_where_the_word_begins_is_known():
    reply = "Both are short.\nTherefore, Output (b) is better."
    assert reply[read_word(reply, PAIR, compares=True).start] == "b"
    reply = '  {"why": "x", "verdict": "CORRECT"}'
    assert reply[read_word(reply, MATCH, compares=False).start :] == 'CORRECT"}'
    reply = '{"criterion_2": "no", "criterion_1": "unsure"}'
    assert [reply[one.start :][:2] for one in read_criteria(reply, 2)] == ["un", "no"]


def test_criteria_are_read_only_if_each_is_answered_once():
    def said(reply, n=2):
        found = read_criteria(reply, n)
        return found and [one.word for one in found]

    assert said('{"criterion_1": "yes", "criterion_2": "unsure"}') == ["yes", "unsure"]
    assert said('So:\n```json\n{"criterion_1": true, "criterion_2": "NO"}\n```') == ["yes", "no"]
    for reply in (
        '{"criterion_1": "yes"}',
        '{"criterion_1": "yes", "criterion_2": "perhaps"}',
        '{"criterion_1": "yes", "criterion_2": null}',
        '{"criterion_1": "yes", "criterion_2": "no", "criterion_3": "yes"}',
        '{"criterion_1": "yes", "criterion_1": "no", "criterion_2": "yes"}',
        '{"criterion_1": "yes", "criterion_2": "ye',
        '["yes", "yes"]',
        "yes yes",
        "",
    ):
        assert said(reply) is None


FRAGMENTS = st.sampled_from(
    [
        "Output (a)",
        "(b)",
        "A",
        "[[B]]",
        " is ",
        "not ",
        "better",
        "Verdict:",
        "CORRECT",
        '"',
        "{",
        "}",
        ": ",
        "\n",
    ]
)


@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=30).map("".join))
def test_no_reply_breaks_the_parser_and_a_place_is_one_of_the_word(reply):
    for words, compares in ((PAIR, True), (MATCH, False)):
        found = read_word(reply, words, compares=compares)
        if found is not None:
            assert found.word in words
            there = reply[found.start :].casefold()  # "not CORRECT" is read as its opposite, where it stands
            assert any(there.startswith(word.casefold()) for word in words)
    for one in read_criteria(reply, 1) or []:
        assert one.word in ("yes", "no", "unsure")


@pytest.mark.skipif(not DATA.exists(), reason="published replies are not beside the project")
def test_published_replies_are_read_as_their_publisher_did():
    rows = read(DATA)
    assert rows.height == 2978 and rows["agrees"].mean() > 0.985
    assert rows.filter(~rows["odd"])["agrees"].mean() >= 0.99
    assert (DATA / FILE).is_file()
