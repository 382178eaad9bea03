"""Pictures are small PNGs that show what they are given."""

import struct

from r1data.report.plots import intervals, loss_curve


def test_a_loss_curve_is_a_small_png_that_depends_on_the_losses():
    falling = loss_curve([{"step": i, "loss": 2 / i} for i in range(1, 30)], title="tiny")
    flat = loss_curve([{"step": i, "loss": 2.0} for i in range(1, 30)], title="tiny")
    assert falling[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", falling[16:24]) == (480, 270)
    assert len(falling) < 40_000
    assert falling != flat


def test_intervals_are_drawn_one_below_the_other():
    one = intervals([("pairwise any", 0.5, 0.3, 0.7)], title="κ", unit="κ")
    two = intervals(
        [("pairwise any", 0.5, 0.3, 0.7), ("open_ended any", -0.2, -0.6, 0.2)], title="κ", unit="κ"
    )
    assert [struct.unpack(">II", png[16:24]) for png in (one, two)] == [(480, 130), (480, 160)]
