import socket
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from r1data.serve import exchange
from r1data.serve.metrics import Metrics
from r1data.serve.upstream import CHAT, COMPLETIONS
from tests.generate.engines.chat_server import ChatServer, Reply
from tests.serve.fronted import QUESTION, chunks, frame, front, reply, stream, template
from tests.waiting import until

JSON = {"Content-Type": "application/json"}


def test_fields_pass_through_and_the_thought_is_told_apart():
    server = ChatServer(reply("<think>\n2 and 2 is 4.\n</think>\n\n4", usage={"completion_tokens": 9}))
    with server, front(server) as client:
        found = client.ask(temperature=0.3, min_p=0.1).json()
        (asked,) = server.asked()
    assert asked.body["temperature"] == 0.3 and asked.body["min_p"] == 0.1
    message = found["choices"][0]["message"]
    assert (message["reasoning"], message["content"]) == ("2 and 2 is 4.", "4")
    assert found["r1data"] | {"elapsed_s": 0} == {
        "attempts": 1,
        "thought_tokens": 5,
        "completion_tokens": 9,
        "elapsed_s": 0,
        "stopped_by": "finished",
    }
    assert found["usage"]["completion_tokens_details"] == {"reasoning_tokens": 5}


def test_a_model_without_thought_tags_is_served_as_it_writes():
    with ChatServer(reply("2 < 4"), chunks("2 <", " 4")) as server, front(server) as client:
        message = client.ask().json()["choices"][0]["message"]
        deltas = [event["choices"][0]["delta"] for event in client.events()]
    assert (message["reasoning"], message["content"]) == (None, "2 < 4")
    assert "".join(delta.get("content", "") for delta in deltas) == "2 < 4"
    assert not any("reasoning" in delta for delta in deltas)


def test_a_stream_tells_thoughts_apart_and_says_in_its_last_chunk_what_was_spent():
    pieces = ("<th", "ink>", "\n2 and", " 2", "\n</", "think>\n", "\n4")
    with ChatServer(chunks(*pieces), chunks(*pieces)) as server, front(server) as client:
        events = client.events()
        with_usage = client.events(stream_options={"include_usage": True})
    deltas = [event["choices"][0]["delta"] for event in events]
    assert deltas[0] == {"role": "assistant"}
    assert "".join(delta.get("reasoning", "") for delta in deltas) == "2 and 2"
    assert "".join(delta.get("content", "") for delta in deltas) == "4"
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["r1data"]["completion_tokens"] == 7 and events[-1]["r1data"]["thought_tokens"] == 3
    assert with_usage[-1]["choices"] == [] and with_usage[-1]["usage"]["completion_tokens"] == 7


def test_a_thought_that_the_template_opens_is_a_thought_from_the_first_letter():
    answers = chunks("2 and", " 2\n</think>\n\n4"), reply("2 and 2 is")
    server = ChatServer(*answers, paths=template("<|user|>Hi<|assistant|><think>\n"))
    with server, front(server) as client:
        deltas = [event["choices"][0]["delta"] for event in client.events()]
        cut = client.ask().json()["choices"][0]["message"]
    assert "".join(delta.get("reasoning", "") for delta in deltas) == "2 and 2"
    assert (cut["reasoning"], cut["content"]) == ("2 and 2 is", None)


def test_tags_in_json_are_text_of_the_answer_and_plain_text_is_no_grammar():
    written = '{"a": "<think> x </think> y"}'
    wanted = {"type": "json_object"}
    answers = reply(written), chunks(written), chunks("2\n</think>\n\n4")
    server = ChatServer(*answers, paths=template("Hi<think>\n"))
    with server, front(server) as client:
        whole = client.ask(response_format=wanted).json()["choices"][0]["message"]
        events = client.events(response_format=wanted)
        plain = client.events(response_format={"type": "text"})
    assert (whole["reasoning"], whole["content"]) == (None, written)
    assert "".join(event["choices"][0]["delta"].get("content") or "" for event in events) == written
    assert "".join(event["choices"][0]["delta"].get("reasoning", "") for event in plain) == "2"


def test_a_message_that_is_continued_has_no_thought_that_the_template_opened():
    server = ChatServer(chunks("4 it is."), paths=template("Hi<think>\n"))
    with server, front(server) as client:
        (event, *_) = client.events(continue_final_message=True, add_generation_prompt=False)
    assert (
        event["choices"][0]["delta"]["role"] == "assistant"
        and "reasoning" not in event["choices"][0]["delta"]
    )


def test_requests_that_each_ask_for_another_template_are_bounded_too():
    hangs = ChatServer(otherwise=lambda number, body: Reply(hangs=number <= 3), paths=template(""))
    with hangs as server, front(server, slots=1, queue=2) as client, ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(client.ask, chat_template_kwargs={"n": n}) for n in range(12)]
        until(lambda: sum(one.done() for one in asked) == 9)
        statuses = sorted(one.result().status_code for one in asked if one.done())
        server.stop()
    assert statuses == [429] * 9


def test_what_has_the_wrong_type_is_refused_before_anything_is_spent():
    with ChatServer() as server, front(server) as client:
        options = client.ask(stream=True, stream_options=[1])
        cap = client.ask(max_tokens="10", budget={"max_thought_tokens": 5})
        assert not server.asked()
    assert (options.status_code, cap.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"messages": ', JSON, 400),
        (b"[1]", JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (orjson.dumps(QUESTION), {"Content-Type": "text/plain"}, 415),
        (b" " * (exchange.MAX_BODY_BYTES + 1), JSON, 413),
    ],
)
def test_a_malformed_request_is_refused_in_the_form_of_openais_errors(content, headers, status):
    with ChatServer() as server, front(server) as client:
        answer = client.post(CHAT, content=content, headers=headers)
        assert client.ask().status_code == 200
        assert len(server.asked()) == 1
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_servers_own_refusal_is_passed_on_with_its_status():
    refusal = Reply(400, {"error": {"message": "max_tokens is too large", "type": "BadRequestError"}})
    with ChatServer(refusal, refusal) as server, front(server) as client:
        answers = [client.ask(), client.ask(stream=True)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert all("max_tokens is too large" in answer.json()["error"]["message"] for answer in answers)


def test_of_a_thousand_waiting_requests_the_next_one_is_sent_away_until_they_are_gone():
    question = orjson.dumps(QUESTION)
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(question)}\r\n\r\n".encode() + question
    hangs = ChatServer(otherwise=lambda number, body: Reply(hangs=number <= 2))
    with hangs as server, front(server, slots=2, queue=1000) as client:
        port = client.base_url.port
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(1002)]
        try:
            for connection in waiting:
                connection.sendall(request)
            until(lambda: client.serving.slots.waiting == 1000)
            refused = client.ask()
            assert client.metric("r1data_queue_length") == 1000 and client.metric("r1data_running") == 2
            assert len(server.asked()) == 2
        finally:
            for connection in waiting:
                connection.close()
        until(lambda: client.serving.slots.waiting == client.serving.slots.running == 0)
        assert client.ask().status_code == 200  # whoever went away has freed its place
        until(lambda: client.metric('r1data_errors_total{kind="disconnected"}') == 1002)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["error"]["type"] == "queue_full"


def test_a_client_that_reads_nothing_of_its_stream_frees_its_slot(monkeypatch):
    monkeypatch.setattr(exchange, "STALL_S", 0.5)
    long = chunks(*["x" * 2**20] * 32)
    question = orjson.dumps(QUESTION | {"stream": True})
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(question)}\r\n\r\n".encode() + question
    with ChatServer(long) as server, front(server) as client:
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as reader:
            reader.sendall(request)
            until(lambda: client.serving.slots.running == 1)
            until(lambda: client.serving.slots.running == 0)
        until(lambda: client.metric('r1data_errors_total{kind="disconnected"}') == 1)
        assert client.metric(f'r1data_requests_total{{path="{CHAT}",status="499"}}') == 1
        assert client.ask().status_code == 200


def test_a_model_that_died_gives_503_and_a_broken_stream_ends_with_an_error():
    broken = Reply(content=b'data: {"choices": []}\n\n', missing_bytes=10)
    start = stream(frame([{"index": 0, "delta": {"content": "4"}, "finish_reason": None}])).content[:-14]
    with ChatServer(broken, Reply(content=start, missing_bytes=10)) as server, front(server) as client:
        assert client.ask(stream=True).status_code == 503
        events = client.events()
        server.stop()
        answer = client.ask()
        server.start()
        assert client.ask().status_code == 200
    assert events[-1]["error"]["type"] == "unavailable"
    assert answer.status_code == 503 and "Retry-After" in answer.headers


def test_before_the_model_answers_the_process_is_alive_and_not_ready():
    with ChatServer() as server, front(server, ready=False) as client:
        assert client.get("/health").status_code == 200
        ready, asked = client.get("/ready"), client.ask()
        assert not server.asked()
    assert ready.status_code == 503 and ready.json()["waits_for"] == "vLLM loads the model"
    assert asked.status_code == 503 and "vLLM loads the model" in asked.json()["error"]["message"]


def test_another_host_name_is_refused():
    with ChatServer() as server, front(server) as client:
        status = {
            host: client.get("/ready", headers={"Host": host}).status_code
            for host in ("evil.example", "localhost:9", "[::1]:9")
        }
    assert status == {"evil.example": 400, "localhost:9": 200, "[::1]:9": 200}


def test_a_students_stops_are_those_of_a_request_that_names_none():
    with ChatServer() as server, front(server) as client:
        client.serving.stops = ("Q:",)
        client.ask()
        client.ask(stop=["."])
        assert [request.body["stop"] for request in server.asked()] == [["Q:"], ["."]]


def test_tokens_of_text_that_is_held_back_come_all_the_same():
    with ChatServer(chunks("<th", "ink>", "\nHm", "4")) as server, front(server) as client:
        events = client.events(return_token_ids=True)
    tokens = [token for event in events for token in event["choices"][0].get("token_ids") or []]
    assert tokens == list(range(5))


def test_with_a_token_all_but_the_probes_need_it():
    with ChatServer() as server, front(server, token="secret") as client:
        open_, closed = ("/health", "/ready"), ("/metrics", "/v1/models")
        assert [client.get(path).status_code for path in (*open_, *closed)] == [200, 200, 401, 401]
        assert client.ask().status_code == 401 and not server.asked()
        client.headers["Authorization"] = "Bearer secret"
        assert client.ask().status_code == 200 and client.get("/v1/models").status_code == 200


def test_thumbs_are_counted_once_for_answers_that_were_given():
    with ChatServer() as server, front(server) as client:
        answer_id = client.ask().json()["id"]
        thumbs = [{"id": answer_id, "thumb": "up"}, {"id": answer_id, "thumb": "up"}]
        thumbs += [{"id": "other", "thumb": "up"}, {"id": answer_id, "thum": "up"}]
        statuses = [client.post("/v1/feedback", json=thumb).status_code for thumb in thumbs]
        assert client.metric('r1data_thumbs_total{thumb="up"}') == 1
    assert statuses == [200, 200, 404, 400]


def test_plain_completions_pass_through_and_take_no_budget():
    paths = {COMPLETIONS: lambda body: reply("4", object="text_completion")}
    with ChatServer(paths=paths) as server, front(server) as client:
        given = client.post(COMPLETIONS, json={"prompt": "2 + 2 ="})
        refused = client.post(COMPLETIONS, json={"prompt": "2 + 2 =", "budget": {}})
        assert client.metric("r1data_answer_tokens_total") == 3
    assert given.json()["choices"] and refused.status_code == 400


def test_p50_and_p99_are_those_of_the_recent_requests():
    metrics = Metrics()
    for number in range(1, 101):
        metrics.answered(CHAT, number / 100)
    assert metrics.quantile(0.5) == pytest.approx(0.505) and metrics.quantile(0.99) == pytest.approx(0.9901)
    text = metrics.text(waiting=0, running=0).decode()
    assert 'r1data_request_seconds_recent{quantile="0.99"} 0.99' in text
    assert f'r1data_request_seconds_bucket{{le="0.5",path="{CHAT}"}} 50.0' in text
