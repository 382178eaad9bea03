"""Which attempt begins, waits, or is left out: the queue without an engine."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data import ids
from r1data.errors import ConfigError
from r1data.generate.attempts import Attempt
from r1data.generate.budget import Budget
from r1data.generate.engine import Request
from r1data.generate.queue import Queue, Standing
from r1data.recipe import Adaptive, Generate

MESSAGES = ({"role": "user", "content": "?" * 84},)  # 84 bytes and 16 for the template: 100 tokens at most


def attempt(prompt="p", index=0, retry_of=None):
    rollout = f"{prompt}{index}" if index < ids.RETRY_INDEX else f"{prompt}r{index - ids.RETRY_INDEX}"
    request = Request(rollout, prompt, index, MESSAGES, seed=0, max_tokens=100)
    return Attempt(request, "2026-01-01", "t", retry_of)


def retry(prompt="p"):
    return attempt(prompt, ids.RETRY_INDEX, retry_of=f"{prompt}0")


def row(a, finish="stop", tokens=10, usd=None):
    return {
        "prompt_id": a.request.prompt_id,
        "finish_reason": finish,
        "prompt_tokens": 0,
        "completion_tokens": tokens,
        "cost_usd": usd,
        "elapsed_s": 1.0,
    }


def names(attempts):
    return [a.request.rollout_id for a in attempts]


def waves(prompts, n):
    return [attempt(prompt, index) for index in range(n) for prompt in prompts]


def test_attempts_begin_in_the_order_of_the_plan_and_no_more_than_there_is_room():
    queue = Queue(waves("ab", 2))
    assert names(queue.take(3)) == ["a0", "b0", "a1"]
    assert not queue.empty and names(queue.take(3)) == ["b1"] and queue.empty


def test_a_retry_begins_only_when_what_it_repeats_hit_its_cap():
    queue = Queue([attempt("a"), attempt("b"), retry("a"), retry("b")])
    a, b = queue.take(9)
    assert queue.take(9) == [] and not queue.empty
    queue.finished(a, row(a, "length"))
    assert names(queue.take(9)) == ["ar0"]
    queue.finished(b, row(b, "stop"))
    assert queue.take(9) == [] and queue.empty


def test_a_retry_of_a_rollout_that_an_earlier_run_stored_begins_at_once():
    assert names(Queue([retry("a"), retry("b")], truncated=["a0"]).take(9)) == ["ar0"]


def test_a_truncated_retry_is_not_retried():
    queue = Queue([attempt("a"), retry("a")])
    (a,) = queue.take(9)
    queue.finished(a, row(a, "length"))
    (again,) = queue.take(9)
    queue.finished(again, row(again, "length"))
    assert queue.take(9) == [] and queue.empty


RULE = Adaptive(enough=2, first=2, futile_after=4)


def judge(queue, attempts, right):
    for a in attempts:
        queue.finished(a, row(a))
        queue.judged(a.request.prompt_id, right)


def test_a_solved_prompt_is_asked_no_more_and_the_first_attempts_are_always_made():
    queue = Queue(waves("ab", 6), adaptive=RULE, standings={"b": Standing(2, 2)})
    first = queue.take(4)
    assert names(first) == ["a0", "b0", "a1", "b1"], "although b is solved already"
    judge(queue, first, right=True)
    assert queue.take(9) == [] and queue.empty and queue.settled == {"a": "solved", "b": "solved"}


def test_attempts_wait_while_those_in_flight_may_be_enough_unless_slots_are_idle():
    queue = Queue(waves("a", 6), adaptive=RULE)
    first = queue.take(9)
    assert names(first) == ["a0", "a1"]
    judge(queue, first[:1], right=False)
    second = queue.take(9)
    assert names(second) == ["a2"], "one may still be right, two are wanted"
    assert names(queue.take(9, idle=1)) == ["a3"], "an idle slot costs as much"


def test_a_prompt_without_a_right_attempt_is_given_up_once_nothing_of_it_is_open():
    queue = Queue(waves("a", 9), adaptive=RULE)
    begun = queue.take(9)
    while begun:
        judge(queue, begun, right=False)
        begun = queue.take(9)
    assert queue.settled == {"a": "futile"} and queue.empty


@given(st.integers(1, 6), st.integers(1, 8), st.integers(1, 9), st.integers(0, 2**16))
def test_an_adaptive_queue_always_ends_and_never_skips_an_index(prompts, n, room, seed):
    luck = random.Random(seed)
    ids_of = [str(i) for i in range(prompts)]
    queue = Queue(waves(ids_of, n), adaptive=RULE)
    made = {prompt: [] for prompt in ids_of}
    flying, unjudged = [], []
    while True:
        begun = queue.take(room - len(flying), room - len(flying))
        flying += begun
        if not flying and not unjudged:
            break
        for a in begun:
            made[a.request.prompt_id].append(a.request.index)
        if flying:
            done = flying.pop(luck.randrange(len(flying)))
            queue.finished(done, row(done))
            unjudged.append(done)
        if unjudged and (luck.random() < 0.7 or not flying):
            queue.judged(unjudged.pop(0).request.prompt_id, luck.random() < 0.4)
    assert queue.empty
    assert all(indices == list(range(len(indices))) for indices in made.values())
    assert all(len(i) == n or prompt in queue.settled for prompt, i in made.items())
    assert all(len(i) >= min(n, RULE.first) for i in made.values())


def limited(rows, used=(), clock=None, prices=None, **limits):
    generate = Generate(budget=limits, **({"prices": prices} if prices else {}))
    return Queue(rows, budget=Budget(generate, used, **({"clock": clock} if clock else {})))


def test_tokens_of_a_night_are_a_hard_limit_and_reservations_come_back():
    queue = limited(waves("abcd", 1), tokens=450)
    first = queue.take(9)
    assert names(first) == ["a0", "b0"], "at worst 200 tokens each"
    queue.finished(first[0], row(first[0], tokens=10))
    assert names(queue.take(9)) == ["c0"]
    queue.finished(first[1], row(first[1], tokens=200))
    assert queue.take(9) == [] and queue.ended is None, "c may leave room"
    (c,) = (a for a in waves("c", 1))
    queue.finished(c, row(c, tokens=200))
    assert queue.take(9) == [] and queue.ended == "budget_tokens" and queue.empty


def test_what_the_night_has_stored_counts():
    queue = limited(waves("ab", 1), used=[row(attempt("x"))], attempts=2)
    assert names(queue.take(9)) == ["a0"]


def test_money_is_capped_by_prices_and_needs_them():
    prices = {"usd_per_million_completion_tokens": 10_000}  # one dollar for the hundred tokens of a cap
    queue = limited(waves("abc", 1), prices=prices, usd=2.5)
    begun = queue.take(9)
    assert names(begun) == ["a0", "b0"]
    queue.finished(begun[0], row(begun[0], usd=0.1))
    assert names(queue.take(9)) == ["c0"]
    with pytest.raises(ConfigError, match="nothing has a price"):
        limited([], usd=1)


def test_time_ends_a_night():
    now = [0.0]
    queue = limited(waves("ab", 1), clock=lambda: now[0], wall_s=10)
    assert names(queue.take(1)) == ["a0"]
    now[0] = 10.0
    assert queue.take(1) == [] and queue.ended == "budget_wall"


def test_a_prompts_budget_ends_that_prompt_alone():
    queue = limited([*waves("a", 3), *waves("b", 1)], attempts_per_prompt=2)
    begun = queue.take(9)
    assert names(begun) == ["a0", "a1", "b0"]
    queue.finished(begun[0], row(begun[0]))
    queue.finished(begun[1], row(begun[1]))
    assert queue.take(9) == [] and queue.settled == {"a": "budget_attempts"} and queue.ended is None
