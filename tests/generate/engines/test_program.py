"""The program that teaches: it is right as often as its name says, and a slip never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import ConfigError
from r1data.generate.engine import Request
from r1data.generate.engines.program import ProgramEngine
from r1data.generate.models import resolve
from r1data.prompts.question import user
from r1data.prompts.worked import WORDING, solve
from r1data.recipe import Generate
from r1data.text import is_well_formed, split
from r1data.verify import verify


def asked(prompt="What is 47 + 38?", *, wrong="0.3", n=1, max_tokens=160, context=512):
    """The completions of n attempts at a prompt."""
    engine = ProgramEngine(Generate(context_tokens=context), resolve(f"program:{wrong}"))
    with engine:
        engine.submit([Request(str(i), "p", i, user(prompt), i, max_tokens) for i in range(n)])
        found = []
        while engine.pending:
            found += engine.poll(0)
    assert engine.counters().get("completion_tokens", 0) == sum(one.completion_tokens for one in found)
    return found


def is_right(text):
    return verify("math", text, "85").verdict == "right"


def test_a_program_that_never_slips_works_the_sum_out_by_digits():
    (made,) = asked(wrong="0")
    assert made.text == (
        "<think>\n47 + 38\nones: 7 + 8 = 15, write 5 carry 1\ntens: 4 + 3 + 1 = 8\nso 85\n</think>\n\n85"
    )
    assert (made.finish_reason, made.completion_tokens) == ("stop", len(made.text))


def test_slips_are_in_the_ones_or_in_the_carry_and_what_follows_goes_on_with_them():
    """Where this changes, so must WORDING: rollouts that were asked for are known by it."""
    told = {one.text.split("\n", 2)[2] for one in asked(wrong="1", n=100)}
    tens = "\ntens: 4 + 3 + 1 = 8\nso 8{0}\n</think>\n\n8{0}"
    assert told == {
        "ones: 7 + 8 = 15, write 5 carry 1\ntens: 4 + 3 + 0 = 7\nso 75\n</think>\n\n75",
        *(f"ones: 7 + 8 = 1{n}, write {n} carry 1{tens.format(n)}" for n in (3, 4, 6, 7)),
    }
    assert WORDING == "2"


@given(st.integers(10, 99), st.integers(10, 99), st.randoms(use_true_random=False))
def test_steps_end_in_the_sum_and_with_a_slip_in_another_number(a, b, draw):
    solution = solve(f"What is {a} + {b}?")
    slipped = solution.slipped(draw)
    assert int(solution.answer()) == a + b != int(slipped.answer())
    for one in (solution, slipped):
        assert one.thought().endswith(f"so {one.answer()}")


def test_as_many_completions_are_wrong_as_the_name_of_the_model_says_and_the_same_ones_each_time():
    texts = [one.text for one in asked(n=1000)]
    assert 0.25 < sum(not is_right(text) for text in texts) / 1000 < 0.35
    assert all(map(is_well_formed, texts))
    assert texts == [one.text for one in asked(n=1000)]
    assert all(is_right(one.text) for one in asked(wrong="0", n=50))
    assert not any(is_right(one.text) for one in asked(wrong="1", n=50))


def test_what_hits_the_cap_is_cut_and_says_so():
    (made,) = asked(max_tokens=20)
    assert (made.finish_reason, made.completion_tokens, split(made.text)[1]) == ("length", 20, None)


def test_a_prompt_that_it_cannot_solve_is_refused_and_one_without_room_rejected():
    (refused,), (rejected,) = asked("What is 7 + 8?"), asked(context=16)
    assert (refused.finish_reason, rejected.finish_reason) == ("refusal", "rejected")


@pytest.mark.parametrize("model", ["program:often", "program:1.5", "fake:0.3"])
def test_a_model_that_is_no_program_is_refused_by_name(model):
    with pytest.raises(ConfigError, match=f"cannot run {model}"):
        ProgramEngine(Generate(), resolve(model))
