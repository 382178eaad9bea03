"""The domain of a prompt, told from its text."""

import pytest

from r1data.prompts import frame
from r1data.prompts.domain import domain_of
from r1data.prompts.question import Question, user


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("What is the remainder when $7^{2026}$ is divided by 5?", "math"),
        ("小明有12个苹果，吃了3个，还剩多少个？", "math"),
        ("Ann walked 3 miles and then 4 more. What is her total distance?", "math"),
        ("Write a Python function that reverses a string.", "code"),
        ("Zoey says that Ann is a knave. Ann says that Zoey is a knight. Who is what?", "logic"),
        ("Which enzyme unwinds DNA during replication?", "stem"),
        ("Write a letter to a friend in at least 300 words, all lowercase.", "instruction"),
        ("Who painted the ceiling?", "general"),
        ("[asy]import graph;[/asy] Find the area of the triangle.", "math"),
    ],
)
def test_the_text_tells_the_domain(text: str, domain: str):
    assert domain_of(text) == domain


def test_a_verifier_of_one_domain_decides_and_what_a_source_states_stays():
    given = [
        Question(user("Add 1 and 2, please."), "3", "code", "o", domain="auto"),
        Question(user("Who painted the ceiling?"), "he", "exact", "o", domain="auto"),
        Question(user("Who painted the ceiling?"), "he", "exact", "o", domain="stem"),
    ]
    assert frame(given, "s")["domain"].to_list() == ["code", "general", "stem"]


def test_a_text_of_a_million_characters_is_told_by_its_ends():
    assert domain_of("output: " * 130_000 + "Write a Python function that prints it.") == "code"
