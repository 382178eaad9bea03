"""A judge at work: many questions at once, on engines that lose, repeat and die, and on a real server."""

import itertools
import json
import math
import re

import pytest

from r1data.errors import ConfigError, EngineError, SchemaError
from r1data.judge.model import JudgeModel
from r1data.judge.question import Question
from r1data.judge.rubric import load_rubric
from r1data.recipe import Judge
from tests.generate.engines.chat_server import ChatServer, Reply, said

MATCH = load_rubric("reference_match")


@pytest.fixture
def teacher(tmp_path):
    """`teacher(model, text)`: the path of a teacher's file."""

    def write(model="fake:judge", more=""):
        path = tmp_path / "judge.toml"
        path.write_text(f'name = "judge"\nmodel = "{model}"\n{more}')
        return str(path)

    return write


@pytest.fixture
def scripted(teacher):
    """`scripted(texts, **script)`: a judge on the fake engine."""

    def make(*texts, more="", judge=None, **script):
        script = {"texts": texts} | script
        generate = {"teacher": teacher(more=more), "engine": "fake", "fake": script}
        return JudgeModel(Judge(generate=generate, **(judge or {})))

    return make


def questions(n, start=0):
    return [Question(f"q{i}", f"{i} + 0?", str(i), reference=str(i)) for i in range(start, start + n)]


def judged(model, asked, rubric=MATCH):
    return [(question.question_id, found.reason) for question, found in model.judge(rubric, asked)]


def test_every_question_comes_back_once_in_bounded_memory(scripted):
    taken, most = itertools.count(), 0

    def source():
        for question in questions(200):
            next(taken)
            yield question

    with scripted("SAME", slots=8, per_poll=3, duplicate_every=5) as model:
        found = []
        for question, judgement in model.judge(MATCH, source()):
            found.append(question.question_id)
            assert judgement.verdict == "right" and len(judgement.votes) == 2 and judgement.elapsed_s >= 0
            assert [one.swapped for one in judgement.votes] == [False, True]
            ahead = int(re.findall(r"\d+", repr(taken))[0]) - len(found)
            most = max(most, ahead)
        assert sorted(found) == sorted(f"q{i}" for i in range(200)) and model.n_asked == 400
        assert most <= 10
        assert judged(model, questions(3, 200)) == [(f"q{i}", "judged_right") for i in (200, 201, 202)]


def test_an_order_that_changes_its_mind_is_found(scripted):
    with scripted("SAME", "DIFFERENT") as model:
        assert judged(model, questions(1)) == [("q0", "swapped")]
    with scripted("A") as model:
        asked = [Question("q", "t", "a", other="b")]
        assert judged(model, asked, load_rubric("pairwise")) == [("q", "swapped")]


def test_nothing_to_ask_starts_nothing(teacher):
    nobody = {"endpoints": [{"url": "http://127.0.0.1:1/v1"}]}
    generate = {"teacher": teacher("api:m"), "engine": "openai", "openai": nobody}
    with JudgeModel(Judge(generate=generate)) as model:
        assert judged(model, []) == []
        assert judged(model, [Question("q", "t", ":", reference="4")]) == [("q", "no_answer")]
        assert model.n_asked == 0
        with pytest.raises(EngineError):  # the engine starts, and nobody answers
            judged(model, questions(1))


def test_a_lost_request_is_asked_once_more(scripted):
    with scripted("SAME", lose_every=3) as model:
        assert {reason for _, reason in judged(model, questions(9))} == {"judged_right"}
        assert model.n_asked == 18 + 6
    with scripted("SAME", lose_every=4, lose_times=9) as model:
        found = judged(model, questions(4))
        assert sorted(reason for _, reason in found) == ["judged_right"] * 2 + ["no_reply"] * 2


def test_a_further_vote_without_a_reply_is_no_doubt_of_the_judge(teacher):
    """A server that fails on every vote beyond the first two; what came of them may be asked again."""

    def reply(number, body):
        if body["temperature"] > 0:
            return Reply(400, {"error": {"message": "out of order"}})
        content = said(json.dumps({"verdict": "SAME"}))
        likely = [{"token": one, "logprob": math.log(p)} for one, p in (("SAME", 0.6), ("DIFFERENT", 0.4))]
        tokens = [{"token": '{"verdict": "', "logprob": 0.0, "top_logprobs": []}]
        tokens += [{**likely[0], "top_logprobs": likely}, {"token": '"}', "logprob": 0.0, "top_logprobs": []}]
        content["choices"][0]["logprobs"] = {"content": tokens}
        return Reply(200, content)

    with ChatServer(otherwise=reply) as server:
        openai = {"endpoints": [{"url": server.url, "concurrency": 4}], "max_backoff_s": 0.05}
        generate = {"teacher": teacher("api:m"), "engine": "openai", "openai": openai}
        with JudgeModel(Judge(generate=generate)) as model:
            assert judged(model, questions(1)) == [("q0", "no_reply")]


def test_a_dying_engine_keeps_what_had_finished(scripted):
    with scripted("SAME", fail_after=7, per_poll=1) as model:
        found = []
        with pytest.raises(EngineError, match="died after 7"):
            for question, _ in model.judge(MATCH, questions(9)):
                found.append(question.question_id)
        assert found == ["q0", "q1", "q2"]


def test_a_call_that_is_given_up_leaves_the_next_one_alone(scripted):
    with scripted("SAME", per_poll=1) as model:
        first = model.judge(MATCH, questions(20))
        assert next(first)[0].question_id == "q0"
        with pytest.raises(SchemaError, match="one call of `judge` at a time"):
            next(model.judge(MATCH, questions(1)))
        first.close()
        assert judged(model, questions(3, 50)) == [(f"q{i}", "judged_right") for i in (50, 51, 52)]
        with pytest.raises(SchemaError, match="q0 is asked twice"):
            judged(model, questions(2) + questions(2))


def test_what_the_judge_cannot_be_shown_is_rejected(scripted, teacher):
    generate = {"teacher": teacher(), "engine": "fake", "context_tokens": 400, "fake": {"texts": ["SAME"]}}
    with JudgeModel(Judge(generate=generate)) as model:
        long = Question("q", "word " * 500, "4", reference="4")
        assert judged(model, [long, *questions(1)]) == [("q", "rejected"), ("q0", "judged_right")]


def test_a_recipe_that_cannot_judge_is_refused_at_once(teacher):
    with pytest.raises(ConfigError, match=r"replay.+cannot judge"):
        JudgeModel(Judge(generate={"teacher": teacher(), "engine": "replay"}))
    with pytest.raises(ConfigError, match="`vlm`; did you mean `vllm`"):
        JudgeModel(Judge(generate={"teacher": teacher(), "engine": "vlm"}))
    with pytest.raises(ConfigError, match="recipes/teachers has no"):
        JudgeModel(Judge(generate={"teacher": "nobody", "engine": "fake"}))


def test_its_name_and_id_are_those_of_table_teachers(scripted):
    model, other = scripted("SAME"), scripted("SAME", more='system_prompt = "Be strict."')
    row = model.teacher_row("2026-01-01")
    assert row["teacher_id"].item() == model.judge_id != other.judge_id
    assert (row["night"].item(), model.name) == ("2026-01-01", "judge")


def test_a_server_is_asked_for_json_and_its_probabilities_call_for_more_votes(teacher):
    """The server sees which answers are meant by their texts, as a model would; of `9` it is not sure."""

    def reply(number, body):
        asked = body["messages"][-1]["content"]
        first, second = (
            re.search(rf"<{name}-(\w+)>\n(.*)\n</{name}-\1>", asked)[2] for name in ("first", "second")
        )
        word = "SAME" if first == second else "DIFFERENT"
        share = 0.55 if "9" in (first, second) else 0.95
        if body["temperature"] > 0 and body["seed"] % 2:
            word = "UNSURE"
        likely = [
            {"token": one[0], "logprob": math.log(p)}
            for one, p in ((word, share), ("SAME" if word == "DIFFERENT" else "DIFFERENT", 1 - share))
        ]
        text = json.dumps({"verdict": word})
        before, after = text.split(word)
        tokens = [{"token": before, "logprob": 0.0, "top_logprobs": []}]
        tokens.append({**likely[0], "top_logprobs": likely})
        tokens.append({"token": word[1:] + after, "logprob": 0.0, "top_logprobs": []})
        content = said(text)
        content["choices"][0]["logprobs"] = {"content": tokens}
        return Reply(200, content)

    asked = [
        Question("same", "t", "4", reference="4"),
        Question("other", "t", "5", reference="4"),
        Question("close", "t", "9", reference="9"),
    ]
    with ChatServer(otherwise=reply) as server:
        openai = {"endpoints": [{"url": server.url, "concurrency": 4}], "max_backoff_s": 0.05}
        settings = Judge(
            generate={"teacher": teacher("api:m"), "engine": "openai", "openai": openai}, extra_votes=4
        )
        with JudgeModel(settings) as model:
            found = {question.question_id: judgement for question, judgement in model.judge(MATCH, asked)}
    bodies = [one.body for one in server.asked()]
    assert bodies[0]["response_format"]["json_schema"]["schema"]["properties"]["verdict"]["enum"] == [
        "SAME", "DIFFERENT", "UNSURE",
    ]  # fmt: skip
    assert (bodies[0]["logprobs"], bodies[0]["top_logprobs"]) == (True, 20)
    assert (found["same"].verdict, found["other"].verdict) == ("right", "wrong")
    assert found["same"].margin == pytest.approx(0.9) and len(found["same"].votes) == 2
    close = found["close"]
    assert close.margin == pytest.approx(0.1) and len(close.votes) == 6
    n = sum(one.word == "SAME" for one in close.votes)
    assert close.reason == ("judged_right" if n > 4 else "split")
    assert [one.swapped for one in close.votes] == [False, True] * 3
    assert len(bodies) == 2 + 2 + 6 and sum(body["temperature"] == 0.7 for body in bodies) == 4
