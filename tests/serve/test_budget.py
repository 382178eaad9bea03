import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from r1data.serve.upstream import COMPLETIONS
from tests.generate.engines.chat_server import ChatServer, Reply
from tests.serve.fronted import chunks, frame, front, reply, stream, template
from tests.waiting import until

RIGHT, WRONG = ("<think>\nHm.\n</think>\n\n", "4"), ("<think>\nHm.\n</think>\n\n", "5")
MATH = {"verifier": "exact", "reference": "4"}


def test_attempts_end_with_the_first_verified_one_and_each_has_its_own_seed():
    with ChatServer(chunks(*WRONG), chunks(*WRONG), chunks(*RIGHT)) as server, front(server) as client:
        found = client.ask(budget={"attempts": 8, "until": "verified", **MATH}).json()
        seeds = {request.body["seed"] for request in server.asked()}
        assert client.metric("r1data_solved_share") == 1 and client.metric("r1data_attempts_total") == 3
    assert len(seeds) == 3
    assert found["choices"][0]["message"]["content"] == "4"
    told = found["r1data"]
    assert (told["attempts"], told["stopped_by"], told["chosen"]) == (3, "verified", 2)
    assert told["verdict"]["verdict"] == "right" and told["completion_tokens"] == 6
    assert found["usage"]["completion_tokens"] == 6


@pytest.mark.parametrize("until", ["verified", "consistent"])
def test_a_stream_of_one_attempt_that_is_judged_holds_its_answer(until):
    with ChatServer(chunks(*RIGHT)) as server, front(server) as client:
        events = client.events(budget={"until": until, **MATH})
    deltas = [event["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content", "") for delta in deltas) == "4"
    assert events[-1]["r1data"]["verdict"]["verdict"] == "right"


def test_a_stream_of_one_chosen_answer_tells_its_thought_apart_as_the_whole_answer_does():
    unopened = chunks("Hm.\n</think>\n\n", "4")
    budget = {"until": "verified", **MATH}
    with ChatServer(unopened, unopened) as server, front(server) as client:
        whole = client.ask(budget=budget).json()["choices"][0]["message"]
        (event,) = client.events(budget=budget)
    delta = event["choices"][0]["delta"]
    assert (delta["reasoning"], delta["content"]) == (whole["reasoning"], whole["content"]) == ("Hm.", "4")


def test_programs_that_run_past_a_deadline_keep_no_other_answer_waiting():
    slow = ("<think>\nHm.\n</think>\n\n", "```python\nimport time\ntime.sleep(60)\n```")
    long = "<think>\n" + "so " * 9000 + "\n</think>\n\n4"
    reference = json.dumps({"inputs": ["1\n"], "outputs": ["1\n"]})
    budget = {"verifier": "code", "reference": reference, "deadline_s": 5, "verifier_args": {"timeout_s": 10}}
    server = ChatServer(otherwise=lambda number, body: reply(long) if "n" in body else chunks(*slow))
    with server, front(server, slots=16) as client, ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(client.ask, budget=budget) for _ in range(16)]
        answers = [one.result() for one in asked]
        assert {answer.status_code for answer in answers} == {200}
        assert client.ask(n=1).json()["r1data"]["thought_tokens"] > 8000  # counted in a thread, too
        began = time.monotonic()
        client.serving.close()
        client.serving.judging.shutdown(wait=True)
        assert time.monotonic() - began < 20  # it ends programs that run, and begins no other


def test_an_answer_that_was_finished_by_the_deadline_is_judged_and_one_that_was_cut_counts_as_such():
    answers = {1: chunks(*RIGHT), 2: chunks(*RIGHT)}
    server = ChatServer(otherwise=lambda number, body: answers.get(number, Reply(hangs=True)))
    with server, front(server) as client:
        vote = {"attempts": 9, "until": "consistent", "deadline_s": 5, **MATH}
        told = client.ask(budget=vote).json()["r1data"]
        assert (told["stopped_by"], told["verdict"]["verdict"]) == ("deadline", "right")
        assert client.metric('r1data_verdicts_total{verdict="right"}') == 1


def test_an_attempt_that_never_had_a_slot_is_not_counted():
    server = ChatServer(otherwise=lambda number, body: Reply(hangs=True))
    with server, front(server, slots=1) as client, ThreadPoolExecutor() as pool:
        holds = pool.submit(client.ask, budget={"deadline_s": 8})
        until(lambda: client.serving.slots.running == 1)
        assert client.ask(budget={"deadline_s": 0.5}).status_code == 504
        assert client.metric("r1data_attempts_total") == 0
        assert holds.result().status_code == 504
        assert client.metric("r1data_attempts_total") == 1
        assert client.metric('r1data_cap_hits_total{cap="deadline"}') == 2


def test_when_no_attempt_is_verified_the_answer_says_so():
    cut = chunks("<think>\nHm", finish_reason="length")
    with ChatServer(chunks(*WRONG), cut) as server, front(server) as client:
        found = client.ask(budget={"attempts": 2, "until": "verified", **MATH}).json()
    assert found["r1data"]["stopped_by"] == "attempts"
    assert found["r1data"]["verdict"] == {"verdict": "unknown", "reason": "truncated", "extracted": None}


def test_attempts_end_once_no_other_answer_can_win_and_the_stream_holds_the_one_chosen():
    answers = {1: RIGHT, 2: WRONG, 3: RIGHT}
    server = ChatServer(otherwise=lambda number, body: chunks(*answers.get(number, RIGHT)))
    with server, front(server) as client:
        events = client.events(budget={"attempts": 5, "until": "consistent"})
        assert len(server.asked()) == 4
    deltas = [event["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content", "") for delta in deltas) == "4"
    told = events[-1]["r1data"]
    assert (told["attempts"], told["stopped_by"], told["agreement"]) == (4, "consistent", 0.75)


def test_a_thought_at_its_cap_is_closed_and_the_answer_goes_on_from_its_very_tokens():
    first = chunks("<think>\n", "a long", finish_reason="length", ids=[50, 51])
    usage = {"prompt_tokens": 9, "completion_tokens": 1}
    answer = stream(frame([{"index": 0, "text": "4", "finish_reason": "stop"}], usage=usage))
    paths = template("") | {COMPLETIONS: lambda body: answer}
    with ChatServer(first, paths=paths) as server, front(server) as client:
        found = client.ask(temperature=0.5, max_tokens=40, budget={"max_thought_tokens": 2}).json()
        (begun,), (second,) = server.asked(), server.asked(COMPLETIONS)
        assert client.metric('r1data_cap_hits_total{cap="thought"}') == 1
    message = found["choices"][0]["message"]
    assert (message["reasoning"], message["content"]) == ("a long", "4")
    assert begun.body["max_tokens"] == 4 and second.body["max_tokens"] == 38
    assert second.body["prompt"] == [50, 51, 0, 1, 2, 90, 91] and second.body["temperature"] == 0.5
    assert found["r1data"]["completion_tokens"] == 3


def test_both_requests_of_a_capped_thought_ask_for_the_same_and_share_the_least_tokens():
    first = chunks("<think>\n", "a long", finish_reason="length", ids=[50])
    usage = {"prompt_tokens": 9, "completion_tokens": 8}
    answer = stream(frame([{"index": 0, "text": "4", "finish_reason": "length"}], usage=usage))
    paths = template("") | {COMPLETIONS: lambda body: answer}
    same = {"ignore_eos": True, "bad_words": ["5"], "stop": ["\n\n\n"], "include_stop_str_in_output": True}
    with ChatServer(first, paths=paths) as server, front(server) as client:
        client.ask(max_tokens=10, min_tokens=9, budget={"max_thought_tokens": 2}, **same)
        (begun,), (second,) = server.asked(), server.asked(COMPLETIONS)
    assert (begun.body["max_tokens"], begun.body["min_tokens"]) == (4, 4)
    assert (second.body["max_tokens"], second.body["min_tokens"]) == (8, 7)
    assert begun.body.items() >= same.items() and second.body.items() >= same.items()


def test_a_vote_takes_free_slots_and_leaves_the_queue_to_others():
    server = ChatServer(otherwise=lambda number, body: reply("4") if "n" in body else Reply(hangs=True))
    vote = {"attempts": 64, "until": "consistent", "deadline_s": 3}
    with server, front(server, slots=4, queue=2) as client, ThreadPoolExecutor() as pool:
        asked = pool.submit(client.ask, budget=vote)
        until(lambda: len(server.asked()) == 4)
        assert client.serving.slots.waiting == 0
        other = pool.submit(client.ask, n=1)
        assert asked.result().status_code == 504  # nothing was written
        assert other.result().status_code == 200


def test_at_the_deadline_the_best_of_what_there_is_is_the_answer():
    server = ChatServer(chunks(*WRONG), Reply(hangs=True))
    with server, front(server) as client:
        budget = {"attempts": 9, "until": "verified", "deadline_s": 5, **MATH}
        found = client.ask(budget=budget).json()
        assert client.serving.slots.running == 0
    assert found["choices"][0]["message"]["content"] == "5"
    assert found["r1data"]["stopped_by"] == "deadline" and found["r1data"]["verdict"]["verdict"] == "wrong"


def test_at_the_deadline_a_vote_gives_the_answer_that_leads_under_one_id():
    said = {1: WRONG, 2: RIGHT, 3: RIGHT}
    server = ChatServer(
        otherwise=lambda number, body: chunks(*said[number]) if number in said else Reply(hangs=True)
    )
    with server, front(server) as client:
        events = client.events(budget={"attempts": 9, "until": "consistent", "deadline_s": 5})
        thumbed = client.post("/v1/feedback", json={"id": events[0]["id"], "thumb": "up"})
    deltas = [event["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content", "") for delta in deltas) == "4"
    assert events[-1]["r1data"]["stopped_by"] == "deadline"
    assert len({event["id"] for event in events}) == 1 and thumbed.status_code == 200


def test_an_attempt_that_fails_does_not_take_the_earlier_ones_with_it():
    broken = Reply(500, {"error": {"message": "no"}})
    with ChatServer(chunks(*WRONG), broken) as server, front(server) as client:
        found = client.ask(budget={"attempts": 3, "until": "verified", **MATH}).json()
        assert client.metric("r1data_attempts_total") == 2
    assert found["choices"][0]["message"]["content"] == "5" and found["r1data"]["stopped_by"] == "error"


def test_a_deadline_before_the_first_word_is_an_error():
    with ChatServer(Reply(hangs=True)) as server, front(server) as client:
        assert client.ask(budget={"deadline_s": 0.2}).status_code == 504


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"attemps": 3}, "did you mean `attempts`?"),
        ({"attempts": 0}, "budget.attempts"),
        ({"attempts": "3"}, "budget.attempts"),
        ({"attempts": 3}, "needs `until`"),
        ({"until": "sure"}, "budget.until"),
        ({"attempts": 2, "until": "verified"}, "needs `verifier`"),
        ({"verifier": "mth", "reference": "1"}, "did you mean `math`?"),
        ({"verifier": "math"}, "needs `reference`"),
        ({"verifier": "judge", "reference": "1"}, "decides nothing by rule"),
        ({"deadline_s": -1}, "budget.deadline_s"),
        (
            {"verifier": "code", "reference": "1", "verifier_args": {"total_s": 1e6}},
            "`total_s` is 60 at most",
        ),
        (7, "budget"),
    ],
)
def test_a_wrong_budget_is_refused_before_anything_is_spent(budget, said):
    with ChatServer() as server, front(server) as client:
        answer = client.ask(budget=budget)
        assert not server.asked()
    assert answer.status_code == 400 and said in answer.json()["error"]["message"]


def test_what_cannot_be_counted_does_not_go_with_a_budget():
    with ChatServer() as server, front(server) as client:
        several = client.ask(n=2, budget={"deadline_s": 5})
        prompt = client.ask(prompt_logprobs=1, budget={"deadline_s": 5})
        logprobs = client.ask(logprobs=True, n=1, budget={"deadline_s": 5})
        same = client.ask(temperature=0, budget={"attempts": 2, "until": "consistent"})
    assert "`logprobs`" in logprobs.json()["error"]["message"]
    assert "`prompt_logprobs`" in prompt.json()["error"]["message"]
    assert "`n`" in several.json()["error"]["message"]
    assert "temperature" in same.json()["error"]["message"]
