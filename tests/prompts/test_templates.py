import re
from datetime import date
from random import Random

import pytest

from r1data.errors import ConfigError
from r1data.paths import PROJECT
from r1data.prompts.question import use
from r1data.prompts.templates import DRAWN, FAMILIES, templates
from r1data.recipe import BenchmarkSource, PromptSource, load_recipe, load_teacher
from r1data.verify import own_completion, verify

START = date(2026, 1, 1)


def asked(night=START, **config):
    return list(templates(PromptSource(name="t", source="templates", **config), night=night, start=START))


def heldout(**config):
    section = BenchmarkSource(name="h", source="templates", **config)
    return list(templates(section, night=None, start=START))


def test_the_same_night_gives_the_same_items_and_another_night_gives_others():
    assert asked() == asked()
    first, second = ({question.prompt_id for question in asked(night)} for night in (START, date(2026, 1, 2)))
    assert len(first & second) < len(first) / 3


def test_the_first_night_has_192_distinct_prompts_and_96_held_out_items():
    recipe = load_recipe(PROJECT / "recipes" / "night.toml")
    prompts = {q.prompt_id for q in templates(recipe.prompts[0], night=recipe.start, start=recipe.start)}
    items = {q.prompt_id for q in templates(recipe.benchmarks[0], night=None, start=recipe.start)}
    assert (len(prompts), len(items)) == (192, 96)
    assert not prompts & items


def test_nights_never_ask_what_is_held_out_however_many_are_wanted():
    held = {question.prompt_id for question in heldout(n_per_family=60, families=("add1", "mul1"))}
    nights = {q.prompt_id for day in (1, 2, 3) for q in asked(date(2026, 1, day), n_per_family=60)}
    assert held
    assert not held & nights


@pytest.mark.parametrize("family", DRAWN)
def test_every_family_gives_fifteen_held_out_items_and_references_that_its_verifier_accepts(family):
    questions = heldout(families=(family,), n_per_family=15)
    assert len({question.prompt_id for question in questions}) == 15
    for question in questions:
        completion = own_completion(question.verifier, question.reference)
        assert verify(question.verifier, completion, question.reference).verdict == "right"
        assert question.family == family


@pytest.mark.parametrize("family", DRAWN)
def test_answers_differ_within_a_family(family):
    assert len({DRAWN[family](Random(seed))[1] for seed in range(50)}) > 5


def test_references_are_computed_right():
    for question in asked(families=("add1", "mul1", "sub2", "add3")):
        expression = question.messages[0]["content"].removeprefix("What is ").removesuffix("?")
        assert str(eval(expression)) == question.reference
    for question in asked(families=("max4",)):
        numbers = question.messages[0]["content"].removesuffix("?").rpartition("list ")[2].split(", ")
        assert max(map(int, numbers)) == int(question.reference)


def test_an_exhausted_family_gives_what_it_has():
    assert 16 <= len(heldout(families=("mul1",), n_per_family=1000)) <= 64


def test_an_unknown_family_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError, match="`add9`; did you mean `add"):
        asked(families=("add9",))


def test_few_shots_of_the_teacher_cover_every_family_and_are_never_asked_or_held_out():
    teacher = load_teacher("smollm2")
    for family in FAMILIES:
        shots = teacher.shots(family)
        assert [shot.family for shot in shots] == [family] * 4
        assert {use(shot.prompt) for shot in shots} == {"example"}


def test_few_shots_of_the_teachers_are_true():
    shots = [*load_teacher("smollm2").few_shots, *load_teacher("smollm2-gsm8k").few_shots]
    for shot in shots:
        assert shot.answer in shot.reasoning
        for left, right in re.findall(r"(\d+ [-+*/] \d+) = (\d+)", shot.reasoning):
            assert eval(left) == int(right), shot
