import threading

import polars as pl
import pytest

from r1data.generate.overlap import Overlap


def rows(*prompts):
    return [{"rollout_id": f"r{prompt}", "prompt_id": prompt} for prompt in prompts]


def judge(frame):
    return frame.select("prompt_id", right=pl.col("prompt_id") == "good")


def drained(overlap):
    found = []
    while overlap.n_open:
        found += overlap.take(5)
    return found


def test_every_row_that_is_given_has_a_verdict_in_order():
    with Overlap(judge) as overlap:
        overlap.give(rows("good", "bad"))
        overlap.give([])
        overlap.give(rows("good"))
        assert drained(overlap) == [("good", True), ("bad", False), ("good", True)]


def test_rows_that_come_while_the_judge_is_busy_are_judged_together():
    busy, free, sizes = threading.Event(), threading.Event(), []

    def slow(frame):
        sizes.append(frame.height)
        busy.set()
        assert free.wait(5)
        return judge(frame)

    with Overlap(slow) as overlap:
        overlap.give(rows("good"))
        assert busy.wait(5)
        for _ in range(3):
            overlap.give(rows("good", "bad"))
        free.set()
        assert len(drained(overlap)) == 7
    assert sizes == [1, 6]


def test_what_the_judge_raises_reaches_the_runner():
    def broken(frame):
        raise ValueError("no verdict")

    with Overlap(broken) as overlap:
        overlap.give(rows("good"))
        with pytest.raises(ValueError, match="no verdict"):
            while True:
                overlap.take(0.05)
