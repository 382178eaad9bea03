"""GRPO stops when it has collapsed, says why, and does not stop otherwise."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.recipe import Alarms
from r1data.train.alarms import alarm, falls

ALARMS = Alarms(window=4)
FULL = 1.2
GOOD = {"reward": 0.6, "equal_groups": 0.2, "clipped": 0.1, "entropy": 0.5}


def steps(n: int, **numbers: float) -> list[dict[str, float]]:
    return [GOOD | numbers] * n


def test_an_ordinary_run_is_no_alarm():
    assert alarm(steps(20), ALARMS, full=FULL) is None


@pytest.mark.parametrize(
    ("collapsed", "said"),
    [
        ({"reward": 0.1}, "reward collapse: its mean over 4 steps fell from 0.600 (to step 4) to 0.100"),
        ({"clipped": 0.9}, "90% of completions of the last 4 steps hit the cap"),
        ({"entropy": 6.0}, "entropy is 6.00 nats per token over 4 steps: the student writes noise"),
        ({"equal_groups": 1.0}, "in 100% of groups of the last 4 steps all completions had the same reward"),
        (
            {"entropy": 0.0},
            "entropy is 0.0000 nats per token over 4 steps: the student always",
        ),
    ],
)
def test_what_has_collapsed_is_named_with_numbers_and_a_remedy(collapsed: dict[str, float], said: str):
    told = alarm([*steps(12), *steps(4, **collapsed)], ALARMS, full=FULL)
    assert told is not None and told.startswith(said)
    assert any(word in told for word in ("Lower", "Raise", "Choose"))


def test_the_start_is_no_alarm_and_one_bad_batch_is_none():
    assert alarm(steps(7, reward=0.0, clipped=1.0), ALARMS, full=FULL) is None
    assert alarm([*steps(12), *steps(1, reward=0.0)], ALARMS, full=FULL) is None


def test_a_student_that_solves_everything_has_equal_groups_and_no_alarm():
    done = steps(20, reward=FULL, equal_groups=1.0, entropy=0.0)
    assert alarm(done, ALARMS, full=FULL) is None


def test_a_slow_fall_is_seen_through_the_swing_of_few_prompts():
    """Accuracy as seen in a run at a learning rate that is ten times too high, in percent."""
    seen = (
        *(42, 12, 27, 17, 12, 8, 22, 21, 22, 14, 26, 28, 24, 12, 13, 16, 19, 16, 5, 15, 13, 7, 21, 11, 17),
        *(15, 3, 3, 0, 8, 12, 3, 13, 3, 7, 5, 14, 19, 3, 9, 9, 26, 7, 8, 22, 3, 2, 5, 3, 10, 20, 6, 18, 14),
    )
    run = [GOOD | {"reward": 0.2 + one / 100, "reward/accuracy": one / 100} for one in seen]
    rings = next(n for n in range(1, len(run) + 1) if alarm(run[:n], Alarms(), full=FULL))
    assert 25 <= rings <= 45
    assert str(alarm(run[:rings], Alarms(), full=FULL)).startswith(
        "accuracy collapse: its mean over 16 steps"
    )


def test_accuracy_that_is_lost_beside_a_form_that_is_kept_is_an_alarm():
    """Seen at a learning rate that is ten times too high: 0.2 of a reward of 0.3 are for form."""
    draw = Random(1)
    known = [0.3, 0.14, 0.12, 0.1, 0.08, 0.06, 0.02, 0.0]
    accuracy = known + [max(0.0, draw.gauss(0.02, 0.02)) for _ in range(24)]
    run = [GOOD | {"reward": 0.2 + part, "reward/accuracy": part} for part in accuracy]
    told = alarm(run, Alarms(), full=FULL)
    assert told is not None and told.startswith("accuracy collapse: its mean over 8 steps fell from 0.10")
    assert falls(run, Alarms())
    assert alarm([{**step, "reward/accuracy": 0.1} for step in run], Alarms(), full=FULL) is None


def test_negative_rewards_collapse_too():
    before, after = steps(8, reward=0.5), steps(4, reward=-0.9)
    assert alarm([*before, *after], ALARMS, full=FULL) is not None


def test_rare_rewards_swing_without_an_alarm_and_groups_that_are_all_alike_are_borne_at_first():
    draw = Random(0)
    swinging = [
        GOOD | {"reward": draw.choice([0.0, 0.0, 0.0, 0.05]), "equal_groups": 0.98} for _ in range(15)
    ]
    assert alarm(swinging, ALARMS, full=FULL) is None
    assert "nothing to learn" in (alarm([*swinging, swinging[0]], ALARMS, full=FULL) or "")
    alive = [one | {"equal_groups": 0.9} for one in swinging * 8]
    assert not any(alarm(alive[:n], ALARMS, full=FULL) for n in range(len(alive)))


def test_no_checkpoint_is_good_from_half_the_fall_on_that_is_an_alarm():
    fallen = [*steps(12), *steps(4, reward=0.6 * 0.8)]
    assert alarm(fallen, ALARMS, full=FULL) is None and falls(fallen, ALARMS)
    assert not falls(steps(16), ALARMS)


rewards = st.lists(st.floats(0, FULL), min_size=8, max_size=40)


@given(rewards)
def test_a_reward_that_never_falls_is_no_collapse(found: list[float]):
    rising = [GOOD | {"reward": reward} for reward in sorted(found)]
    assert alarm(rising, ALARMS, full=FULL) is None


@given(rewards, st.floats(0.1, 10))
def test_whether_the_reward_collapsed_does_not_hang_on_its_unit(found: list[float], unit: float):
    def collapsed(scale: float) -> bool:
        points = [GOOD | {"reward": round(reward, 3) * scale} for reward in found]
        return "collapse" in (alarm(points, ALARMS, full=FULL * scale) or "")

    assert collapsed(1.0) == collapsed(2.0 ** round(unit))
