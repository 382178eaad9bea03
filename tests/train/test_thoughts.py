"""Words by which a thought turns back are counted, in English and Chinese, and parts of words are not."""

import pytest

from r1data.train.thoughts import reflections


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("Wait. Wait, let me check: no mistake.", 4),
        ("He was waiting for a checkered butterfly.", 0),
        ("double-check", 1),
        ("7 + 5 = 12。等等，重新检查。", 3),
    ],
)
def test_turns(text: str, n: int):
    assert reflections(text) == n
