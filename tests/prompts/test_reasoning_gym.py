from datetime import date

import pytest

from r1data.errors import ConfigError
from r1data.prompts.question import frame
from r1data.prompts.reasoning_gym import TASKS, reasoning_gym
from r1data.recipe import PromptSource
from r1data.verify import own_completion, verify

START = date(2026, 1, 1)


def asked(night=START, **config):
    section = PromptSource(name="r", source="reasoning_gym", **config)
    return list(reasoning_gym(section, night=night, start=START))


@pytest.mark.parametrize("task", TASKS)
def test_a_task_gives_its_own_answer_full_marks_and_garbage_less(task):
    for question in asked(families=(task,), n_per_family=8):
        args = question.verifier_args
        own = own_completion("reasoning_gym", question.reference)
        assert verify("reasoning_gym", own, question.reference, **args).verdict == "right"
        for garbage in ("garbage", "\\boxed{?}", "0 1 2 3", "I do not know."):
            verdict = verify("reasoning_gym", f"<think>.</think>{garbage}", question.reference, **args)
            assert (verdict.verdict, verdict.reason) == ("wrong", "partial")
            assert 0 <= verdict.reward < 1


@pytest.mark.parametrize("task", TASKS)
def test_the_same_night_gives_the_same_items_and_held_out_ones_are_others(task):
    first, again = (asked(families=(task,), n_per_family=6) for _ in range(2))
    assert first == again
    ids = {question.prompt_id for question in first}
    assert len(ids) == 6
    assert not ids & {question.prompt_id for question in asked(None, families=(task,), n_per_family=6)}


def test_a_task_still_scores_after_its_arguments_went_through_json():
    (row,) = frame(asked(families=("knights_knaves",), n_per_family=1), "r").to_dicts()
    assert '"task":"knights_knaves"' in row["verifier_args"]


def test_a_task_that_is_not_allowed_is_refused():
    with pytest.raises(ConfigError, match="no allowed task `game_of_life_halting`"):
        asked(families=("game_of_life_halting",))
