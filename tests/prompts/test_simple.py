"""Which prompts need no thought."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.prompts.question import Question, frame, user
from r1data.prompts.simple import family_of, is_simple

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    "text",
    [
        "Hi",
        "Hello there! 😊",
        "Thank you so much for your help!",
        "Good morning, how are you today?",
        "Bye!",
        "Who are you?",
        "Hi! What is your name, please?",
        "Are you a human?",
        "Can you see images?",
        "What is the capital of Peru?",
        "Who won the World Cup in 1998?",
        "What's the capital of France?",
        "Is a tomato a fruit?",
        "你好！",
        "谢谢你的帮助！",
        "请问你叫什么名字？",
        "你好！你是谁？",
        "《红楼梦》的作者是谁？",
        "你是人工智能吗？",
        "Hola, ¿qué tal?",
        "Wer bist du?",
        "Wie heißt du?",
        "Bonjour !",
        "Спасибо!",
        "こんにちは",
    ],
)
def test_a_greeting_or_one_short_question_is_simple(text: str) -> None:
    assert is_simple(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ?!",
        "Why is the sky blue?",
        "What is 2 + 2?",
        "What is two plus two?",
        "What is seven squared?",
        "What is one third of nine?",
        "What is the integral of x?",
        "What is the cosine of zero?",
        "What is the area of a circle with radius five?",
        "Which day comes two days after Monday?",
        "When did Bob, who was born two years before Al, turn ten?",
        "Is Tom older?",
        "九的平方根是什么？",
        "What is the square root of 1998?",
        "How many legs has a spider?",
        "Which is larger, 9.11 or 9.9?",
        "Who is taller, Ann or Bob?",
        "Is it better to rent?",
        "What has two banks and no money?",
        "Hello! Please write a poem.",
        "Translate 'hello' into French.",
        "What does this mean: carpe diem?",
        "Who are you? What can you do for the two of us?",
        "What is `x`?",
        "What is the capital of France?\nAnswer in one word.",
        "Name three fruits.",
        "What " + "old " * 12 + "river is it?",
        "你好，帮我写一首诗。",
        "为什么天空是蓝色的？",
        "三加四等于什么？",
        "小明有几个苹果？",
        "Dann erkläre mir das bitte.",
    ],
)
def test_what_must_be_worked_out_explained_or_written_is_not(text: str) -> None:
    assert not is_simple(text)


@pytest.mark.parametrize("file", ["math_svamp", "mgsm_en_zh_es_ru_bn_ja"])
@pytest.mark.skipif(not DATA.exists(), reason="real questions are not beside the project")
def test_no_real_word_problem_in_any_language_is_simple(file: str) -> None:
    texts = pl.read_parquet(DATA / f"{file}.parquet")["question"]
    assert [text for text in texts if is_simple(text)] == []


@given(
    st.text(max_size=250)
    | st.lists(st.sampled_from(["hi ", "谢谢", "who ", "?", "1998", "\n", "¿"])).map("".join)
)
@settings(max_examples=100)
def test_every_text_is_simple_or_not(text: str) -> None:
    assert is_simple(text) in (True, False)
    assert not is_simple(f"{text}\nWrite it as code.")


def test_a_conversation_or_a_prompt_with_instructions_of_its_own_is_not_simple() -> None:
    assert family_of(user("Who are you?")) == "simple"
    assert family_of(({"role": "system", "content": "You are a pirate."}, *user("Who are you?"))) == "general"
    assert family_of((*user("A riddle, please."), *user("Thanks!"))) == "general"


def test_only_general_prompts_without_a_family_get_one() -> None:
    def asked(prompt: str, **more: str) -> Question:
        return Question(messages=user(prompt), reference=None, verifier="judge", origin="f", **more)

    rows = frame(
        [
            asked("Who are you?", domain="general"),
            asked("Write a story about a lamp.", domain="general"),
            asked("Who are you?", domain="general", family="self"),
            asked("Who are you?", domain="auto"),
            asked("What is the derivative?", domain="math"),
        ],
        "s",
    )
    assert rows["family"].to_list() == ["simple", "general", "self", "simple", None]
