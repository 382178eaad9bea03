"""Verifiers of short texts, letters, form and language."""

import pytest

from r1data.verify import verify


@pytest.mark.parametrize(
    "answer", ["cat", "Cat.", '"cat"', "**CAT**", "Answer: cat", r"\boxed{cat}", " cat\n"]
)
def test_exact_ignores_case_marks_and_the_final_period(answer):
    assert verify("exact", f"<think>.</think>{answer}", "cat").verdict == "right"


@pytest.mark.parametrize("answer", ["cats", "The last word is cat.", "dog cat", "c a t"])
def test_exact_wants_nothing_but_the_answer(answer):
    assert verify("exact", f"<think>.</think>{answer}", "cat").verdict == "wrong"


@pytest.mark.parametrize(
    "answer", ["B", "(b)", "(B) 0.8", "The answer is B.", "Option B", r"\boxed{B}", "It must be B"]
)
def test_choice_finds_the_letter(answer):
    assert verify("choice", f"<think>.</think>{answer}", "B").verdict == "right"


@pytest.mark.parametrize("answer", ["C", "B, no, (C)", "A bird"])
def test_choice_rejects_other_letters_and_articles(answer):
    assert verify("choice", f"<think>.</think>So: {answer}", "B").verdict == "wrong"


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        ("<think>\nHm.\n</think>\n\n4", "well_formed"),
        ("4", "no_thought"),
        ("<think></think>4", "no_thought"),
        ("<think>Hm.", "unclosed_thought"),
        ("<think>Hm.</think>", "no_answer"),
        ("So <think>Hm.</think>4", "stray_tags"),
        ("Hm.</think>4", "stray_tags"),
        ("<think>Hm.</think>4</think>", "stray_tags"),
        ("<think><think>Hm.</think>4", "stray_tags"),
    ],
)
def test_format_names_what_is_wrong(completion, reason):
    verdict = verify("format", completion)
    assert verdict.reason == reason
    assert (verdict.verdict == "right") == (reason == "well_formed")


def test_one_foreign_letter_mixes_languages_and_the_reward_is_the_share_of_own_letters():
    verdict = verify("language", "<think>abc</think>de中", language="en")
    assert (verdict.verdict, verdict.reason, verdict.extracted) == ("wrong", "mixed_language", "中")
    assert verdict.reward == pytest.approx(5 / 6)


def test_a_trace_in_its_language_is_right():
    assert verify("language", "<think>三加四等于七。</think>7", language="zh").verdict == "right"
    assert verify("language", "<think>3 + 4 = 7</think>7", language="en").verdict == "right"


def test_a_language_without_a_known_script_is_unknown():
    assert verify("language", "<think>a</think>b", language="xx").reason == "unknown_script"
