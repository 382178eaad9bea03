"""Every measure of a trace, and where in the text it comes from."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.curate.readability import VERSION, readability
from r1data.schema.facts import READABILITY
from r1data.text import is_well_formed, split


def measured(completion: str, prompt: str | None = None) -> dict[str, Any]:
    columns = {"night": ["n"], "rollout_id": ["a"], "completion": [completion], "prompt": [prompt]}
    trace = pl.LazyFrame(columns, schema_overrides={"prompt": pl.String})
    facts = readability(trace).collect()
    assert facts.schema == READABILITY.schema
    return facts.row(0, named=True)


def evidence(fact: dict[str, Any], measure: str) -> list[str]:
    return [row["text"] for row in fact["evidence"] if row["measure"] == measure]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("one two three", 0.0),
        ("a b c d e f g", 0.0),
        ("a b c d A, B c d", 1 / 5),
        ("no no no no no no no", 3 / 4),
        ("<think>a b c d</think>e", 0.0),
        ("A b c d, a b c d!", 1 / 5),
        ("一二三四一二三四", 1 / 5),
        ("ཀཁགངཀཁགང", 1 / 5),
        ("Ärger ÄRGER ärger ärger ärger", 1 / 2),
        ("0 0 0 0 0 0 0 0", 0.0),
        ("x 0 0 0 x 0 0 0", 1 / 5),
    ],
)
def test_repetition_is_the_share_of_four_word_runs_that_occurred_before_but_for_those_of_numbers(
    text: str, share: float
) -> None:
    assert measured(text)["repetition"] == pytest.approx(share)


def test_the_commonest_repeated_run_is_the_evidence_of_repetition() -> None:
    fact = measured("<think>x y z w. Now, so on it goes; now so on it! NOW SO ON IT</think>x y z w")
    assert evidence(fact, "repetition") == ["Now, so on it"]


def test_an_answer_without_a_thought_has_neither_paragraphs_nor_code_of_a_thought() -> None:
    fact = measured("A long answer.\n```py\nx\n```")
    assert (fact["longest_paragraph_chars"], fact["n_code_blocks"], fact["n_tag_errors"]) == (0, 0, 2)
    assert (fact["thought_chars"], fact["summary_chars"]) == (0, 26)


def test_paragraphs_of_the_thought_end_at_blank_lines() -> None:
    text = "<think>\none\ntwo\n \nlonger 天天天\n\n</think>\nan answer that is longer than any of them"
    fact = measured(text)
    assert fact["longest_paragraph_chars"] == len("longer 天天天")
    assert evidence(fact, "longest_paragraph_chars") == ["longer 天天天"]


@pytest.mark.parametrize(
    ("thinking", "n"),
    [
        ("```py\nx\n```\ntext\n  ```\ny\n  ```", 2),
        ("say ```x``` inline", 0),
        ("~~~\nx\n~~~", 1),
        ("```\nleft open", 1),
    ],
)
def test_fenced_code_blocks_of_the_thought_are_counted(thinking: str, n: int) -> None:
    fact = measured(f"<think>a\n{thinking}</think>```\nthe answer's own\n```")
    assert fact["n_code_blocks"] == n
    assert len(evidence(fact, "n_code_blocks")) == n


@pytest.mark.parametrize(
    ("completion", "n"),
    [
        ("<think>a</think>b", 0),
        (" \n<think>a</think>b", 0),
        ("a</think>b", 1),
        ("<think>a", 1),
        ("a", 2),
        ("Sure: <think>a</think>b", 1),
        ("<think>a<think>b</think>c", 1),
        ("<think>a</think>b</think>c", 1),
        ("</think><think>", 2),
        ("<think>a</thin", 2),
        ("<think>a</think>b</think", 1),
        ("<think>a</think>b </Thinking>", 1),
        ("<think>a</think>if x <thing> or x < thin", 0),
    ],
)
def test_tag_errors_are_counted(completion: str, n: int) -> None:
    assert measured(completion)["n_tag_errors"] == n


@pytest.mark.parametrize(
    "token",
    ["<|im_end|>", "<｜end▁of▁sentence｜>", "[/INST]", "<|assistant|>", "<end_of_turn>", "<|im_en", "</s>"],
)
def test_tokens_of_chat_templates_are_found_whole_and_cut_off(token: str) -> None:
    fact = measured(f"<think>a</think>b {token}")
    assert fact["n_leaked_tags"] == 1
    assert evidence(fact, "n_leaked_tags") == [token]


@pytest.mark.parametrize("answer", ["|x| < |y|", "a<|b|", "`</s>` closes `<s>`", "x <| y in F#", "#### 12"])
def test_mathematics_and_quoted_markup_are_no_leaked_tokens(answer: str) -> None:
    assert measured(f"<think>a</think>{answer}")["n_leaked_tags"] == 0


@pytest.mark.parametrize(
    ("completion", "chars"),
    [
        ("<think> a \n</think> bc ", (1, 2)),
        ("<think>\n</think>b", (0, 1)),
        ("<think>ab</think>\n ", (2, 0)),
        ("<think>ab", (2, 0)),
        ("b", (0, 1)),
    ],
)
def test_thought_and_summary_are_counted_without_blanks_around_them(
    completion: str, chars: tuple[int, int]
) -> None:
    fact = measured(completion)
    assert (fact["thought_chars"], fact["summary_chars"]) == chars
    assert [bool(evidence(fact, name)) for name in ("thought_chars", "summary_chars")] == [
        n == 0 for n in chars
    ]


def test_the_share_of_the_thought_that_the_prompt_holds_is_measured() -> None:
    prompt = "Tom has three red apples and eats one. How many are left?"
    whole = measured(f"<think>{prompt}</think>2", prompt)
    part = measured("<think>Well: tom has three red apples. That is all we know.</think>2", prompt)
    assert whole["restated_share"] == 1.0
    assert 0 < part["restated_share"] < 0.5
    assert evidence(part, "restated_share") == ["tom has three red apples"]
    assert measured(f"<think>{prompt}</think>2")["restated_share"] == 0.0


@pytest.mark.parametrize(
    ("completion", "said"),
    [
        ("<think>It is 7.</think>\n**It is 7**", True),
        ("<think>3 + 4</think>7", False),
        ("<think></think>", False),
        ("7", False),
    ],
)
def test_a_thought_that_is_the_answer_is_told(completion: str, said: bool) -> None:
    assert measured(completion)["thought_is_answer"] is said


def test_what_repeats_compresses() -> None:
    ratios = [measured(text)["compression_ratio"] for text in ("", "abcdefgh", "again and again " * 200)]
    assert ratios[0] == 1
    assert ratios[1] < 1 < 50 < ratios[2]


TEXTS = st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "\n\n"]), max_size=6).map("".join)


@given(TEXTS)
def test_a_well_formed_completion_has_no_tag_errors_and_any_other_lacks_text_or_has_some(
    completion: str,
) -> None:
    right = measured(completion)["n_tag_errors"] == 0 and all(split(completion))
    assert right == is_well_formed(completion)


PIECES = [
    "<think>",
    "</think>",
    "<|im_end|>",
    "</thin",
    "\n\n",
    "```\n",
    "so it goes on. ",
    "天天",
    "e\u0301",
]
PIECES += ["🙂", "\u202e", "\u200b", "Ⅻ", "0 1 ", "İ", "\x00", "שלום "]
ANY = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join)


@given(st.lists(st.tuples(ANY, ANY), max_size=5))
def test_rows_do_not_change_one_another_and_evidence_stands_where_it_says(rows: list[Any]) -> None:
    ids = pl.Series([str(at) for at in range(len(rows))], dtype=pl.String)
    texts = {name: [row[at] for row in rows] for at, name in enumerate(("completion", "prompt"))}
    schema = ["completion", "prompt"]
    frame = pl.DataFrame(texts, schema=dict.fromkeys(schema, pl.String))
    frame = frame.with_columns(night=pl.lit("n"), rollout_id=ids)
    together = readability(frame.lazy()).collect()
    alone = [readability(part.lazy()).collect() for part in frame.iter_slices(1) if part.height]
    assert together.equals(pl.concat([READABILITY.empty(), *alone]))
    assert together.equals(readability(frame.lazy()).collect(engine="streaming"))
    for row, found in zip(rows, together["evidence"].to_list(), strict=True):
        for piece in found:
            start, end = piece["offset"], piece["offset"] + piece["length"]
            assert 0 <= start <= end <= len(row[0])
            assert row[0][start:end][:200] == piece["text"]


def test_the_facts_name_their_version_and_no_traces_give_no_facts() -> None:
    assert measured("x")["version"] == VERSION
    rows = pl.LazyFrame(schema={"night": pl.String, "rollout_id": pl.String, "completion": pl.String})
    assert readability(rows).collect().equals(READABILITY.empty())
