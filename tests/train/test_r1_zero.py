"""What R1-Zero's template asks for is well-formed; anything else is judged by its answer alone."""

import pytest

from r1data.train.r1_zero import as_trace
from r1data.verify import verify

THOUGHT = "<think> 3 + 4 = 7. </think>"


@pytest.mark.parametrize(
    ("completion", "formed", "right"),
    [
        (f" {THOUGHT} <answer> 7 </answer>", 1.0, 1.0),
        (f"{THOUGHT} <answer> 8 </answer>", 1.0, 0.0),
        (f"{THOUGHT} 7", 0.0, 1.0),
        (f"{THOUGHT} <answer> 7", 0.0, 1.0),
        ("<answer> 7 </answer>", 0.0, 1.0),
        (f"{THOUGHT} <answer> 8 </answer> <answer> 7 </answer>", 0.0, 0.0),
        ("<think> 3 + 4 = 7.", 0.0, 0.0),
        (f"So {THOUGHT} <answer> 7 </answer>", 0.0, 1.0),
    ],
)
def test_both_pairs_of_tags_make_the_form_and_none_of_them_the_answer(
    completion: str, formed: float, right: float
):
    trace = as_trace(completion)
    assert verify("format", trace, None).reward == formed
    assert verify("math", trace, "7").reward == right
