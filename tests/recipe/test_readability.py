"""Profiles of section [readability]."""

import pytest

from r1data.recipe import Readability
from r1data.recipe.readability import PROFILES
from tests.recipe.test_load import SMALL, refused


def test_the_default_profile_is_that_of_r1() -> None:
    assert Readability() == Readability(profile="r1")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_sets_its_keys_and_a_key_that_is_given_goes_before_it(name: str) -> None:
    section = Readability(profile=name, max_paragraph_chars=123)
    assert section.max_paragraph_chars == 123
    others = {key: value for key, value in PROFILES[name].items() if key != "max_paragraph_chars"}
    assert others == section.model_dump(include=set(others))


def test_the_strict_profile_passes_nothing_that_r1_rejects() -> None:
    r1, strict = Readability().model_dump(), Readability(profile="strict").model_dump()
    for key in r1:
        if key.startswith("max_"):
            assert strict[key] <= r1[key]
        elif key.startswith("min_"):
            assert strict[key] >= r1[key]


def test_an_unknown_profile_names_the_nearest(tmp_path) -> None:
    text = f'{SMALL}[readability]\nprofile = "strikt"\n'
    refused(tmp_path, text, r"There is no profile `strikt`; did you mean `strict`\? Known: r1, strict")
