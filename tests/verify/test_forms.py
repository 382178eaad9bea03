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
        ("4<|im_end|>", "leaked_tokens"),
        ("<thinking>2 + 2</thinking>4", "stray_tags"),
        (" ", "no_answer"),
        ("4", "no_thought"),
        ("<think></think>4", "empty_thought"),
        ("<think>\n\n</think>\n4", "empty_thought"),
        ("<think>Hm.", "unclosed_thought"),
        ("<think>Hm.</think>", "no_answer"),
        ("So <think>Hm.</think>4", "stray_tags"),
        ("Hm.</think>4", "stray_tags"),
        ("<think>Hm.</think>4</think>", "stray_tags"),
        ("<think><think>Hm.</think>4", "stray_tags"),
        ("<think>Hm.</think>4 <think>", "stray_tags"),
        ("<think>Hm.</think>4 </Thinking>", "stray_tags"),
        ("<think>Hm.</think>4<|im_end|>", "leaked_tokens"),
        ("<think>Hm.<|endoftext|></think>4", "leaked_tokens"),
        ("<think>Hm.</think>4<｜User｜>And 5?", "leaked_tokens"),
        ("<think>Hm.</think>4<｜end▁of▁sentence｜>", "leaked_tokens"),
        ("<think>Hm.</think>`<|im_end|>` ends a turn.", "leaked_tokens"),
        ("<think>Hm.</think>4</s>", "leaked_tokens"),
        ("<think>Hm.</think>[INST] 4", "leaked_tokens"),
        ("<think>Hm.</think>It ends with `</s>`.", "well_formed"),
        ("<think>Hm.</think><s>5</s> 4", "well_formed"),
        ("<think>if |x| < 2 and a <|b|</think>|4|>", "well_formed"),
    ],
)
def test_format_names_what_is_wrong(completion, reason):
    verdict = verify("format", completion)
    assert verdict.reason == reason
    assert (verdict.verdict == "right") == (reason == "well_formed")


def test_one_foreign_letter_mixes_languages_and_the_reward_is_the_share_of_own_words():
    verdict = verify("language", "<think>abc</think>de中", language="en")
    assert (verdict.verdict, verdict.reason, verdict.extracted) == ("wrong", "mixed_language", "中")
    assert verdict.reward == pytest.approx(2 / 3)


def test_a_trace_in_its_language_is_right():
    assert verify("language", "<think>三加四等于七。</think>7", language="zh").verdict == "right"
    assert verify("language", "<think>3 + 4 = 7</think>7", language="en").verdict == "right"


def test_a_language_without_a_known_script_is_unknown():
    assert verify("language", "<think>a</think>b", language="xx").reason == "unknown_script"


def test_the_reward_is_the_share_of_words_and_a_threshold_decides():
    trace = "<think>One two three four five six seven 八 nine ten.</think>Ten"
    assert verify("language", trace, language="en").reward == pytest.approx(10 / 11)
    lenient = verify("language", trace, language="en", threshold=0.9)
    assert (lenient.verdict, lenient.reward) == ("right", pytest.approx(10 / 11))
    assert verify("language", trace, language="en", part="thought").reward == pytest.approx(9 / 10)


@pytest.mark.parametrize(
    "neutral", [r"$\text{中}$", "`中`", "```\n中\n```", "https://中.cn/中", "π and Δθ", "１２", "12 345", "𝑥"]
)
def test_latex_code_numbers_and_addresses_are_no_words(neutral):
    assert verify("language", f"<think>So {neutral} it is.</think>4 é", language="en").reward == 1


def test_latin_terms_are_tolerated_where_the_language_has_another_script():
    assert verify("language", "<think>用 Python 的 list 解 x。</think>好", language="zh").verdict == "right"
    english = "<think>用 it is easy to see that this works 好</think>好"
    assert verify("language", english, language="zh").verdict == "wrong"
    assert verify("language", "<think>これは犬です。</think>犬", language="ja").verdict == "right"
    assert verify("language", "<think>그래서 답은 四 이다.</think>넷", language="ko").verdict == "wrong"


@pytest.mark.parametrize(
    "mark", [r"\begin{a}", "$$", r"\[", "```", "`", "中", "a", "a b ", "<|", "<think", " "]
)
def test_form_and_language_of_a_long_text_are_judged_soon(mark):
    text = "é" + mark * (100_000 // len(mark))
    for name, args in (("format", {}), ("language", {"language": "zh"}), ("language", {"language": "en"})):
        assert verify(name, f"<think>{text}</think>{text}", **args).reason != "crash"


def test_a_sentence_of_another_language_in_the_same_script_mixes_languages():
    spanish = "Entonces todos los perros tienen que comer antes de salir"
    verdict = verify("language", f"<think>So we have two cases here. {spanish}.</think>4", language="en")
    assert (verdict.verdict, verdict.extracted) == ("wrong", spanish)
    assert verdict.reward == pytest.approx(6 / 16)
