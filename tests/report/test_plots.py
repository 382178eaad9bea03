"""Pictures are small PNGs that show what they are given."""

import struct

from r1data.report.plots import intervals, training_curve


def shape(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def test_a_curve_of_losses_is_one_small_panel_that_depends_on_the_losses():
    falling = training_curve(
        [{"step": i, "loss": 2 / i, "learning_rate": 1e-4, "tokens": 9 * i} for i in range(1, 30)],
        title="tiny",
    )
    flat = training_curve([{"step": i, "loss": 2.0} for i in range(1, 30)], title="tiny")
    assert shape(falling) == shape(flat) == (480, 270)
    assert len(falling) < 40_000
    assert falling != flat


def test_every_group_of_numbers_that_a_curve_has_gets_a_panel_below_the_last():
    def drawn(*keys: str) -> tuple[int, int]:
        return shape(training_curve([{"step": 1} | dict.fromkeys(keys, 0.5)], title="tiny"))

    rewards = ["reward", "reward/accuracy", "reward/format"]
    assert drawn("loss", *rewards) == drawn("loss", "reward")
    assert drawn("loss", *rewards, "thought_tokens") > drawn("loss", *rewards)
    everything = [*rewards, "loss", "entropy", "kl", "clipped", "equal_groups", "thought_tokens"]
    assert drawn(*everything, "reflection_words", "learning_rate", "tokens") == (480, 865)


def test_a_number_that_some_steps_lack_is_a_line_through_the_others():
    def drawn(*rewards: float) -> bytes:
        told = {100 * place + 1: {"reward": reward} for place, reward in enumerate(rewards)}
        return training_curve(
            [{"step": step, "loss": float("nan")} | told.get(step, {}) for step in range(1, 500)], title="rl"
        )

    assert drawn(0, 0, 1, 1) != drawn(0, 1, 0, 1), "the ends of both panels' axes are equal"


def test_intervals_are_drawn_one_below_the_other():
    one = intervals([("pairwise any", 0.5, 0.3, 0.7)], title="κ", unit="κ")
    two = intervals(
        [("pairwise any", 0.5, 0.3, 0.7), ("open_ended any", -0.2, -0.6, 0.2)], title="κ", unit="κ"
    )
    assert [shape(one), shape(two)] == [(480, 130), (480, 160)]
