"""Rubrics: those that come with r1data can be used, and a bad one is told by file and key."""

import pytest

from r1data.errors import ConfigError
from r1data.judge.rubric import RUBRICS, load_rubric, rubric_version
from r1data.paths import PROJECT
from r1data.recipe import Judge, load_recipe

GOOD = """+++
kind = "words"
needs_reference = true

[words]
YES = "right"
NO = "wrong"
+++
{task} {first} {second}
"""
NAMES = {
    "reference_match", "pairwise", "open_ended", "writing", "question_answering", "self_cognition",
    "translation", "harmless", "helpful",
}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """`written(text, name)`: a rubric's file, given by its name."""

    def write(text, name="own.md"):
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    return write


def test_the_rubrics_that_come_with_r1data_are_shipped_and_all_can_be_loaded():
    assert set(RUBRICS) == NAMES
    assert "judge/rubrics/*.md" in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    rubrics = {name: load_rubric(name) for name in RUBRICS}
    assert len({rubric.digest for rubric in rubrics.values()}) == len(NAMES)
    assert {name for name, rubric in rubrics.items() if rubric.looks_at == "completion"} == {"harmless"}
    assert {name for name, rubric in rubrics.items() if rubric.compares} == {"pairwise"}
    assert {name for name, rubric in rubrics.items() if rubric.needs_reference} == {"reference_match"}
    assert set(rubrics["reference_match"].words.values()) == {"right", "wrong", "unknown"}


def test_the_reference_does_not_show_which_of_the_two_it_is():
    rubric = load_rubric("reference_match")
    assert "reference" not in rubric.template.casefold() and "known-good" not in rubric.template


def test_a_rubric_of_ones_own_is_a_file_and_its_version_is_its_content(written, tmp_path):
    own = load_rubric(written(GOOD), tmp_path)
    assert (own.name, own.words) == ("own", {"YES": "right", "NO": "wrong"})
    windows = load_rubric(written("\ufeff" + GOOD.replace("\n", "\r\n"), "windows.md"), tmp_path)
    assert windows.digest == own.digest
    for changed in (GOOD.replace("NO", "FALSE"), GOOD.replace("{task}", "Task: {task}")):
        assert load_rubric(written(changed), tmp_path).digest != own.digest


def test_the_version_covers_rubric_and_settings_that_change_a_verdict():
    rubric, settings = load_rubric("helpful"), Judge(generate={})
    version = rubric_version(rubric, settings)
    assert version == rubric_version(rubric, Judge(generate={}, min_kappa=0.9))
    assert version != rubric_version(rubric, Judge(generate={}, min_margin=0.9))
    assert version != rubric_version(load_rubric("harmless"), settings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"own\.md does not begin with TOML between two lines"),
        (GOOD.removeprefix("+++\n"), "does not begin with TOML"),
        (GOOD.replace("kind =", "kind"), "is not TOML"),
        (GOOD.replace("needs_", "need_"), r"own\.md.+`need_reference`; did you mean `needs_reference`"),
        (GOOD.replace('"words"', '"word"'), r"own\.md: `kind`"),
        (GOOD.replace('NO = "wrong"', 'NO = "bad"'), r"own\.md: `words\.NO`"),
        (GOOD.replace('NO = "wrong"', ""), "needs one that means right and one that means wrong"),
        (GOOD.replace("NO =", "YEA ="), "must begin with different letters"),
        (GOOD.replace("NO =", '"NO!" ='), "'NO!' is not made of letters"),
        (GOOD.replace("{first}", "{frist}"), r"own\.md, in the prompt: .*`frist`; did you mean `first`"),
        (GOOD.replace("{first}", ""), r"lacks \{first\}"),
        (GOOD.replace("{first}", "{first} {answer}"), "the one pair or the other"),
        (GOOD.replace("needs_reference = true", ""), "set `needs_reference` or `compares`"),
        (GOOD.replace("{first} {second}", "{answer}"), r"lacks \{reference\}"),
        (GOOD.replace("{task}", "{criteria}"), "belongs to kind"),
        (GOOD.replace('"words"', '"criteria"'), "takes neither `words` nor `compares`"),
        ('+++\nkind = "criteria"\nrequired = [1]\n+++\n{answer} {criteria}', "there are 0"),
        ('+++\nkind = "criteria"\nmin_met = 0\n+++\n{answer} {criteria}', r"`min_met`"),
        ('+++\nkind = "criteria"\n+++\n{answer}', r"lacks \{criteria\}"),
        (b"+++\n\xff", "cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_rubric_is_told_by_file_and_key(written, tmp_path, text, says):
    with pytest.raises(ConfigError, match=says) as caught:
        load_rubric(written(text), tmp_path)
    assert str(tmp_path / "own.md") in str(caught.value)


def test_a_rubric_that_is_not_there_names_those_that_are(written, tmp_path):
    with pytest.raises(ConfigError, match="`helpfull`; did you mean `helpful`"):
        load_rubric("helpfull")
    with pytest.raises(ConfigError, match=r"There is no rubric .+none\.md"):
        load_rubric("none.md", tmp_path)
    with pytest.raises(ConfigError, match="named by lower-case letters"):
        load_rubric(written(GOOD, "My rubric.md"), tmp_path)


def test_a_recipe_gives_back_rubrics_and_the_judge_by_their_whole_paths(tmp_path):
    (tmp_path / "n.toml").write_text(
        'name = "n"\nstart = 2026-01-01\n[[prompts]]\nname = "s"\nsource = "templates"\nfamilies = ["add1"]\n'
        '[judge]\nrubrics = { general = ["own.md", "helpful"] }\n[judge.generate]\nteacher = "j.toml"\n'
        '[[judge.calibration]]\nname = "c"\nrubric = "own.md"\n'
    )
    judge = load_recipe(tmp_path / "n.toml").judge
    assert judge.rubrics["general"] == (str(tmp_path / "own.md"), "helpful")
    assert judge.calibration[0].rubric == str(tmp_path / "own.md")
    assert judge.generate.teacher == str(tmp_path / "j.toml")
