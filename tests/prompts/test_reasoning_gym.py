from datetime import date
from functools import cache

import pytest

from r1data.errors import ConfigError
from r1data.prompts.question import frame
from r1data.prompts.reasoning_gym import TASKS, highest_level, reasoning_gym
from r1data.recipe import PromptSource
from r1data.verify import own_completion, verify

START = date(2026, 1, 1)


def asked(night=START, **config):
    section = PromptSource(name="r", source="reasoning_gym", **config)
    return list(reasoning_gym(section, night=night, start=START))


@cache
def one_of(task):
    return asked(families=(task,), n_per_family=1)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_gives_its_own_answer_full_marks_and_garbage_less(task):
    steps = sorted({1, highest_level(task)} - {0})
    by_level = asked(families=(task,), n_per_family=2, levels=tuple(steps)) if highest_level(task) else []
    assert {question.level for question in by_level} == set(steps if by_level else [])
    for question in by_level + one_of(task):
        args = question.verifier_args
        own = own_completion("reasoning_gym", question.reference)
        assert verify("reasoning_gym", own, question.reference, **args).verdict == "right"
        for garbage in ("garbage", "\\boxed{?}", "0 1 2 3", "I do not know."):
            verdict = verify("reasoning_gym", f"<think>.</think>{garbage}", question.reference, **args)
            assert (verdict.verdict, verdict.reason) in {("wrong", "partial"), ("wrong", "unreadable")}
            assert 0 <= verdict.reward < 1


@pytest.mark.parametrize("task", TASKS)
def test_the_same_night_gives_the_same_items_and_held_out_ones_are_others(task):
    first, again = one_of(task), asked(families=(task,), n_per_family=1)
    assert first == again
    ids = {question.prompt_id for question in first}
    assert len(ids) == 1
    assert not ids & {question.prompt_id for question in asked(None, families=(task,), n_per_family=1)}


def test_a_task_still_scores_after_its_arguments_went_through_json():
    (row,) = frame(asked(families=("knights_knaves",), n_per_family=1), "r").to_dicts()
    assert '"task":"knights_knaves"' in row["verifier_args"]


def test_items_of_a_night_are_in_equal_parts_of_the_levels_and_a_task_tells_the_level_that_it_has():
    levels = [q.level for q in asked(families=("chain_sum",), n_per_family=6, levels=(1, 3, 5))]
    assert levels == [1, 1, 3, 3, 5, 5]
    assert [q.level for q in asked(families=("bf",), n_per_family=2, levels=(1, 5))] == [1, 2]
    easy, hard = (
        sum(
            len(q.messages[0]["content"]) for q in asked(families=("chain_sum",), n_per_family=8, levels=(n,))
        )
        for n in (1, 5)
    )
    assert easy < hard


def test_what_a_task_prints_while_it_makes_items_is_not_among_the_data_of_a_verb(capfd):
    assert asked(families=("bf",), n_per_family=2)
    assert capfd.readouterr().out == ""


def test_a_task_without_levels_is_asked_only_by_itself():
    with pytest.raises(ConfigError, match="the task `acre` has none"):
        asked(families=("acre",), levels=(1,))


def test_a_task_that_is_not_allowed_is_refused():
    with pytest.raises(ConfigError, match="no allowed task `game_of_life_halting`"):
        asked(families=("game_of_life_halting",))
