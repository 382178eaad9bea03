"""Foreign letters: found where they are, and not where there are none."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.language import VERSION, language_mix
from r1data.curate.language.mask import blanked
from r1data.curate.language.spans import script_of
from r1data.schema.facts import LANGUAGE
from r1data.verify.language import verify

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="real traces are not beside the project")


def mixed(text: str, target: str = "en") -> dict[str, Any]:
    trace = pl.LazyFrame({"night": ["n"], "rollout_id": ["a"], "text": [text], "target": [target]})
    return language_mix(trace).collect().row(0, named=True)


def foreign(text: str, target: str = "en") -> list[str]:
    return [span["text"] for span in mixed(text, target)["foreign_spans"]]


def test_a_foreign_span_has_its_place_its_script_and_its_text() -> None:
    text = "So 𝑥 doubles 每天 ok."
    fact = mixed(text)
    assert fact["foreign_spans"] == [
        {"offset": 13, "length": 2, "script": "Han", "language": "zh", "text": "每天"}
    ]
    assert text[13:15] == "每天"
    assert (fact["n_foreign_chars"], fact["version"], fact["target"]) == (2, VERSION, "en")
    assert fact["target_share"] == pytest.approx(11 / 13)


def test_an_answer_without_a_thought_is_measured_whole() -> None:
    assert foreign("The word is 每天.") == ["每天"]
    assert mixed("Good morning.")["target_share"] == 1
    assert mixed("我是一个人工智能助手。", "zh")["n_foreign_chars"] == 0


@pytest.mark.parametrize("target", ["zh-CN", "ZH", "zh_Hant"])
def test_region_and_capitals_of_a_target_do_not_count(target: str) -> None:
    fact = mixed("答案是五。Привет.", target)
    assert (fact["target"], fact["n_foreign_chars"]) == (target, 6)
    assert verify("答案是五。", None, {"language": target}).verdict == "right"


def test_spans_run_over_blanks_and_signs_but_not_over_lines() -> None:
    assert foreign("He said: Привет, мир! Да\nНет.") == ["Привет, мир! Да", "Нет"]


@pytest.mark.parametrize(
    "text",
    [
        "plain words, naïve café, Ångström, and José Hernández of São Paulo",
        "the angle Δθ = π/2, αβ and 2π, αβγ = 1, 𝑥 ∈ ℝ, ℵ, 5 µm",
        "in LaTeX $\\text{每天}$, \\(每\\), \\[天\\] and $$每\n天$$",
        "\\begin{align}每\\end{align}",
        "in code `每天`, and\n```python\nx = '每天'\n```\n",
        "```\nnever closed: 每天",
        "see https://example.org/每天?q=天 and www.天.cn",
        "open 数据.csv, src/每.py and mail 天@example.org",
        "\\begin{align}\\begin{cases}每\\end{cases}天\\end{align}",
        '[asy]\nlabel("每");\n[/asy]',
        "~~~\n每天\n~~~",
        "a 🙂 smile 👩‍👩‍👧 and ✓",
        "<think>plain</think>",
        "",
    ],
)
def test_mathematics_code_and_addresses_are_no_language(text: str) -> None:
    assert mixed(text)["n_foreign_chars"] == 0


def test_offsets_stay_those_of_the_text_after_what_is_no_language() -> None:
    text = "`code` $x^2$ https://example.org 天"
    (span,) = mixed(text)["foreign_spans"]
    assert text[span["offset"] : span["offset"] + span["length"]] == "天"


def test_money_hides_nothing() -> None:
    assert foreign("It costs $5 每 and $6.") == ["每"]


def test_greek_words_are_foreign() -> None:
    fact = mixed("the word λόγος here")
    assert [span["script"] for span in fact["foreign_spans"]] == ["Greek"]
    assert fact["target_share"] == pytest.approx(11 / 16)


@pytest.mark.parametrize(
    ("target", "own", "other"),
    [
        ("zh", "所以答案是四", "これは"),
        ("ja", "だから答えは四、コーヒー", "ответ"),
        ("ru", "Ответ четыре", "答案"),
        ("el", "Η απάντηση είναι", "ответ"),
        ("ko", "답은 네", "答案"),
        ("hi", "उत्तर चार है", "ответ"),
    ],
)
def test_each_language_has_its_scripts(target: str, own: str, other: str) -> None:
    assert mixed(own, target)["target_share"] == 1.0
    assert mixed(f"{own} {other}", target)["n_foreign_chars"] == len(other)


def test_latin_terms_are_tolerated_where_the_script_is_another_but_sentences_are_not() -> None:
    assert foreign("设 AB = x，用 Chinese Remainder Theorem，即 mod n。", "zh") == []
    sentence = "so we have to find the answer"
    assert foreign(f"所以 {sentence}。", "zh") == [sentence]
    assert mixed(f"所以 {sentence}。", "zh")["target_share"] == pytest.approx(2 / 25)
    assert foreign("所以。 The answer is four. 好", "zh") == ["The answer is four"]


def test_a_language_without_a_known_script_is_not_measured() -> None:
    fact = mixed("anything", "xx")
    measures = ("target_share", "shares", "consistency", "n_foreign_chars", "foreign_spans")
    assert [fact[name] for name in measures] == [None] * 5


def test_a_text_without_letters_has_no_share() -> None:
    fact = mixed("1 + 1 = 2")
    assert (fact["target_share"], fact["consistency"], fact["shares"]) == (None, None, [])


def test_targets_may_differ_from_row_to_row_and_no_rows_are_no_facts() -> None:
    rows = pl.DataFrame(
        {"night": "n", "rollout_id": ["a", "b"], "text": ["да", "да"], "target": ["ru", "en"]}
    )
    facts = language_mix(rows.lazy()).collect()
    assert dict(facts.select("rollout_id", "n_foreign_chars").iter_rows()) == {"a": 0, "b": 2}
    assert language_mix(rows.head(0).lazy()).collect().equals(LANGUAGE.empty())


@given(st.text(alphabet="aé 天πλδж$`\\()[]\n1.", max_size=60), st.sampled_from(["en", "zh", "ru"]))
def test_spans_are_slices_of_the_text_and_their_letters_are_counted(text: str, target: str) -> None:
    fact = mixed(text, target)
    for span in fact["foreign_spans"]:
        assert text[span["offset"] : span["offset"] + span["length"]] == span["text"]
        assert script_of(span["text"][0]) != "Other"
    plain = blanked(text)
    places = [(span["offset"], span["offset"] + span["length"]) for span in fact["foreign_spans"]]
    letters = sum(char.isalpha() for start, end in places for char in plain[start:end])
    assert letters == fact["n_foreign_chars"]
    assert (fact["target_share"] or 0) <= 1


PIECES = st.sampled_from(
    [
        "So we have it. ",
        "每天",
        "Привет ",
        "`天` ",
        "$x_天$ ",
        "a\u200bb ",
        "\u202eabc ",
        "λόγος ",
        "🙂 ",
        "\n",
    ]
)


@settings(max_examples=60)
@given(
    st.lists(PIECES, max_size=12), st.sampled_from(["`code` ", "\\(x^2\\) ", "https://example.org ", "42 "])
)
def test_what_is_no_language_moves_spans_and_changes_nothing_else(pieces: list[str], neutral: str) -> None:
    text = "".join(pieces)
    here, there = mixed(f"\n{text}"), mixed(f"{neutral}\n{text}")
    moved = [span | {"offset": span["offset"] + len(neutral)} for span in here["foreign_spans"]]
    assert there["foreign_spans"] == moved
    assert there["target_share"] == here["target_share"]


@settings(max_examples=30)
@given(st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=8))
def test_a_row_is_measured_the_same_alone_and_among_others(texts: list[str]) -> None:
    ids = [f"{n}" for n in range(len(texts))]
    rows = pl.DataFrame({"night": ["n"] * len(texts), "rollout_id": ids, "text": texts}).with_columns(
        target=pl.lit("en")
    )
    whole = language_mix(rows.lazy()).collect()
    parts = [language_mix(part.lazy()).collect() for part in rows.iter_slices(1)]
    assert whole.equals(pl.concat(parts))


def test_what_the_prompt_says_word_for_word_is_quoted_and_no_mixing() -> None:
    row = {"night": "n", "rollout_id": "a", "target": "en", "text": "So 每天 is a day, and 天 too. 好"}
    asked = pl.DataFrame([row | {"prompt": "Translate: 每天"}, row | {"rollout_id": "b", "prompt": None}])
    facts = language_mix(asked.lazy()).collect()
    spans = [[span["text"] for span in row] for row in facts["foreign_spans"]]
    assert spans == [["好"], ["每天", "天", "好"]]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("grow taller until青春期. But", ["青春期"]),
        ("0101天0110", ["天"]),
        ('the phrase is "每天增加一倍", they say', ["每天增加一倍"]),
        ("Sun Tzu (孙子) wrote it", []),
        ("the sign “木” (tree) is old", []),
        ("Tolstoy (Толстой) and Moscow (Москва)", []),
        ("its day (天) is long", []),
        ("(天) is alone", ["天"]),
        ("A name (今天我们去学校上课然后回家) is short", ["今天我们去学校上课然后回家"]),
    ],
)
def test_a_name_in_parentheses_is_tolerated_and_a_letter_in_prose_is_not(text: str, spans: list[str]) -> None:
    assert foreign(text) == spans


def test_consistency_is_that_of_the_thought_and_shares_add_up() -> None:
    fact = mixed("<think>one two three 四</think>五五五")
    assert fact["consistency"] == pytest.approx(3 / 4)
    assert fact["shares"] == [{"language": "en", "share": 11 / 15}, {"language": "zh", "share": 4 / 15}]
    assert mixed("one 四")["consistency"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("span", "target", "language"),
    [
        ("そして答えは", "en", "ja"),
        ("그래서 답은", "en", "ko"),
        ("Мы ещё не знаем, что будет дальше", "en", "ru"),
        ("ما هو الجواب الصحيح على هذا السؤال", "en", "ar"),
        ("Ж", "en", "und"),
        ("and so the answer must be five", "ru", "en"),
    ],
)
def test_a_span_names_its_language_where_script_or_model_tells_it(
    span: str, target: str, language: str
) -> None:
    own = {"en": "So it is.", "ru": "Так и есть."}[target]
    (found,) = mixed(f"{own}\n{span}\n{own}", target)["foreign_spans"]
    assert (found["text"], found["language"]) == (span, language)


@needs_data
def test_every_real_trace_with_chinese_characters_is_found_and_no_other() -> None:
    traces = pl.read_parquet(DATA / "traces_misguided_attention_a.parquet").with_row_index("row")
    text = pl.concat_str("thinking", "output", separator="\n")
    facts = language_mix(
        traces.lazy().select(
            night=pl.lit("n"), rollout_id=pl.col("row").cast(pl.String), text=text, target=pl.lit("en")
        )
    ).collect()
    found = traces.with_columns(rollout_id=pl.col("row").cast(pl.String)).join(facts, on="rollout_id")
    assert found.filter(pl.col("n_cjk") > 0).height == 3
    assert found.filter(pl.col("n_cjk") != pl.col("n_foreign_chars")).is_empty()


@needs_data
def test_every_spliced_sentence_of_another_script_is_found() -> None:
    traces = pl.read_parquet(DATA / "lang_mix_spliced_a.parquet").with_row_index("row")
    wanted = traces.lazy().select(
        "text", night=pl.lit("n"), rollout_id=pl.col("row").cast(pl.String), target=pl.col("base_lang")
    )
    facts = language_mix(wanted).collect()
    spliced = traces.with_columns(rollout_id=pl.col("row").cast(pl.String)).join(facts, on="rollout_id")
    assert spliced.filter((pl.col("n_foreign_chars") > 0) != (pl.col("mixed_chars") > 0)).is_empty()
    for planted, found in spliced.select("spans", "foreign_spans").iter_rows():
        places = [span["offset"] for span in found]
        missed = [(start, end) for start, end in planted if not any(start <= at < end for at in places)]
        assert not missed


def test_a_letter_that_python_does_not_know_is_a_foreign_letter():
    text = "The sign \U00013460 is young."  # an Egyptian hieroglyph of Unicode 15
    traces = pl.LazyFrame({"night": "2026-01-01", "rollout_id": "r", "text": text, "target": "en"})
    row = language_mix(traces).collect().row(0, named=True)
    assert row["n_foreign_chars"] == 1
    assert row["foreign_spans"] == [
        {"offset": 9, "length": 1, "script": "Other", "language": "und", "text": "\U00013460"}
    ]
