"""Sentences of another language in the same script: found where they stand, and not made of what is none."""

import subprocess
import sys

import pytest

from r1data.curate.language.identify import code_of, function_words, kin, own_words
from r1data.curate.language.mask import blanked
from r1data.curate.language.scripts import LANGUAGE_OF, SCRIPTS_OF
from r1data.curate.language.sentences import _word
from r1data.curate.language.text import mixture

ENGLISH = "So we have two cases, and in both of them the answer is the same."


def foreign(text: str, target: str = "en", prompt: str = "") -> list[tuple[str, str | None]]:
    mix = mixture(text, target, prompt)
    return [(text[span.start : span.end], span.language) for span in mix.spans]


@pytest.mark.parametrize(
    ("target", "own", "language", "other"),
    [
        ("en", ENGLISH, "es", "Entonces todos los perros tienen que comer antes de salir de la casa"),
        ("en", ENGLISH, "fr", "Nous ne savons pas encore ce que cela veut dire pour les autres"),
        ("en", ENGLISH, "de", "Wir wissen noch nicht, was das für die anderen bedeutet"),
        ("en", ENGLISH, "vi", "Chúng ta chưa biết điều đó có nghĩa là gì với những người khác"),
        ("es", "Así que hay dos casos, y en los dos la respuesta es la misma.", "en", ENGLISH[:-1]),
        ("de", "Also gibt es zwei Fälle, und in beiden ist die Antwort gleich.", "en", ENGLISH[:-1]),
        ("ru", "Значит, есть два случая, и в обоих ответ один и тот же.", "uk",
         "Ми ще не знаємо, що це означає для всіх інших людей"),
        ("fa", "پس دو حالت داریم و در هر دو پاسخ یکی است.", "ar",
         "نحن لا نعرف بعد ما الذي يعنيه هذا للآخرين"),
    ],
)  # fmt: skip
def test_a_sentence_of_another_language_is_found_from_letter_to_letter(
    target: str, own: str, language: str, other: str
) -> None:
    assert foreign(f"{own} {other}. {own}", target) == [(other, language)]


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        "Paris, Lyon, Marseille, Toulouse, Nice, Nantes, Montpellier",
        "In the box: dead cat, nuclear isotope, poison vial, radiation detector. That is all.",
        "x = a + b, y = la + de, z = el - los",
        "COLD → CORD → CARD → WARD → WARM",
        "Pour le 3-liter jug. Pour les. Non.",
        "- Contestant picks a door.\n- Host opens a door.\n- Contestant switches.",
        "José Hernández and Łukasz Nowak met Jürgen Müller in São Paulo with François Dupont.",
    ],
)
def test_names_lists_and_formulas_are_no_foreign_sentences(text: str) -> None:
    assert foreign(text) == []


@pytest.mark.parametrize("before", ["The point is this:", "So far, so good;", "- **Note**:"])
def test_a_sentence_behind_a_colon_or_a_semicolon_is_found(before: str) -> None:
    spanish = "entonces todos los perros tienen que comer antes de salir"
    assert foreign(f"{ENGLISH}\n{before} {spanish}.\n{ENGLISH}") == [(spanish, "es")]
    assert foreign(f"{ENGLISH}\n{before} the answer is the same in both of them.") == []


def test_letters_of_the_latin_alphabets_of_azerbaijan_and_west_africa_are_parts_of_words() -> None:
    assert foreign("Biz hələ bilmirik ki, bu, başqaları üçün nə deməkdir və nə vaxt bitəcək.", "az") == []
    assert "ildən" in _word("az").findall("bir ildən çox")
    assert _word("en").findall("ɔkɛ ŋgɔ") == ["ɔkɛ", "ŋgɔ"]


def test_a_quotation_in_a_sentence_of_the_target_is_talked_about_and_one_on_its_own_is_not() -> None:
    quoted = "je ne sais pas ce que nous faisons ici avec vous"
    assert foreign(f'In French, "{quoted}" means that I do not know what we are doing.') == []
    assert foreign(f"{ENGLISH} «{quoted.capitalize()}.» {ENGLISH}") == [(quoted.capitalize(), "fr")]


def test_a_sentence_that_the_prompt_holds_is_quoted() -> None:
    sentence = "Nous ne savons pas encore ce que cela veut dire"
    assert foreign(f"{ENGLISH} {sentence}. {ENGLISH}") == [(sentence, "fr")]
    assert foreign(f"{ENGLISH} {sentence}. {ENGLISH}", prompt=f"Translate:\n{sentence}.") == []


def test_chinese_in_japanese_is_found_and_japanese_in_chinese_too() -> None:
    chinese, japanese = "我们还不知道这对其他人意味着什么", "これは何ですか"
    assert foreign(f"答えは四です。{chinese}。そうです。", "ja") == [(chinese, "zh")]
    assert foreign("答えは四です。東京都千代田区。", "ja") == []
    assert [text for text, _ in foreign(f"所以答案是四。{japanese}。", "zh")] == ["これは", "ですか"]


def test_a_text_without_full_stops_is_looked_at_part_by_part() -> None:
    spanish = " ".join(["entonces todos los perros tienen que comer antes de salir"] * 4)
    found = foreign(
        f"{' '.join([ENGLISH[:-1].lower()] * 12)} {spanish} {' '.join([ENGLISH[:-1].lower()] * 12)}"
    )
    assert found
    assert {language for _, language in found} == {"es"}


def test_languages_of_one_family_are_not_held_against_each_other() -> None:
    assert foreign("Onda ne znamo što to znači za sve ostale ljude koji su ovdje.", "bs") == []
    assert foreign("Kami belum tahu apa artinya itu bagi semua orang yang lain.", "ms") == []
    assert kin("nb") == kin("da")
    assert code_of("pt-BR") == "pt"


def test_own_words_are_function_words_of_no_other_language() -> None:
    assert {"the", "which", "would"} <= own_words("en")
    assert not own_words("en") & function_words("de")
    assert not function_words("xx")


def test_an_ordinary_english_text_loads_no_model() -> None:
    program = (
        "import sys; from r1data.verify import language;"
        f"language.verify({'<think>' + ENGLISH + '</think>4'!r}, None, {{}});"
        "sys.exit('fasttext' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=False).returncode == 0


def test_a_lone_surrogate_in_a_completion_is_passed_over() -> None:
    assert foreign(f"\ud800 {ENGLISH} Nous ne savons pas ce \udfff que cela veut dire. ") != []


def test_blanking_keeps_the_length_and_what_is_language() -> None:
    text = r"So \(每\) is $x$ and `天`, \begin{a}天\end{a} \begin{b} open, see www.天.cn and 天.csv 每."
    assert len(blanked(text)) == len(text)
    assert [char for char in blanked(text) if char in "每天"] == ["每"]
    assert blanked("it costs $5 and $6, or $5-$6") == "it costs $5 and $6, or $5-$6".replace("$", " ")


def test_every_script_that_tells_a_language_is_one_of_its_scripts() -> None:
    assert all(script in SCRIPTS_OF[code] or script == "Bopomofo" for script, code in LANGUAGE_OF.items())
    assert set(SCRIPTS_OF["sr"]) == {"Cyrillic", "Latin"}
    assert set(SCRIPTS_OF["ku"]) == {"Latin", "Arabic"}
