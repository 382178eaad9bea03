"""`r1data serve` as a user runs it, with a real vLLM. Its model's template opens a thought, and its
tokenizer writes the tags in several tokens.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx2
import openai
import psutil
import pytest

from r1data.serve import attempt, budget, upstream
from r1data.serve.address import listen
from tests.conftest import new_home
from tests.waiting import until

START_S = 300
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(embedded_model, tmp_path_factory):
    """The embedded model with a template that opens a thought."""
    made = tmp_path_factory.mktemp("a thinking") / "model"
    made.mkdir()
    for file in embedded_model.path.iterdir():
        (made / file.name).symlink_to(file)
    (made / "chat_template.jinja").unlink(missing_ok=True)
    (made / "chat_template.jinja").write_text(TEMPLATE)
    return made


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return os.environ | new_home(tmp_path_factory.mktemp("home"))


def start(folder, environment, port, log):
    command = [sys.executable, "-m", "r1data", "serve", str(folder), "--port", str(port)]
    command += ["--slots", "8", "--queue", "8", "--context", "512"]
    return subprocess.Popen(command, env=environment, stderr=log, stdout=log, start_new_session=True)


def free_port():
    with listen("127.0.0.1", 0) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def server(folder, environment, tmp_path_factory):
    """The process, a client of it, and what it says."""
    log, port = tmp_path_factory.mktemp("log") / "log", free_port()
    with log.open("wb") as sink:
        process = start(folder, environment, port, sink)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            deadline = time.monotonic() + START_S
            while not is_ready(client):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield process, client, log
    finally:
        process.terminate()
        process.wait(60)


def is_ready(client):
    try:
        return client.get("/ready").status_code == 200
    except httpx2.TransportError:
        return False


def ask(client, **fields):
    question = {"messages": [{"role": "user", "content": "What is 2 + 3?"}], "ignore_eos": True}
    answer = client.post("/v1/chat/completions", json=question | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def metric(client, name):
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def test_a_thought_is_closed_at_its_cap_whatever_tokens_its_tags_are(server):
    _, client, _ = server
    found = ask(client, max_tokens=24, temperature=0, budget={"max_thought_tokens": 8})
    message, told = found["choices"][0]["message"], found["r1data"]
    assert message["reasoning"] and message["content"]
    assert told["completion_tokens"] == 24 and 4 <= told["thought_tokens"] <= 9
    uncapped = ask(client, max_tokens=24, temperature=0)["choices"][0]["message"]
    assert uncapped["reasoning"] and uncapped["content"] is None


def test_the_openai_client_streams_thoughts_and_reads_what_was_spent(server):
    _, client, _ = server
    with openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="none", max_retries=0) as theirs:
        (model,) = theirs.models.list().data
        chunks = list(
            theirs.chat.completions.create(
                model=model.id,
                messages=[{"role": "user", "content": "What is 2 + 3?"}],
                max_tokens=20,
                temperature=0,
                stream=True,
                extra_body={"ignore_eos": True, "budget": {"max_thought_tokens": 6}},
            )
        )
    assert model.id == "model"
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(getattr(delta, "reasoning", None) or "" for delta in deltas)
    assert "".join(delta.content or "" for delta in deltas)
    assert chunks[-1].model_extra["r1data"]["completion_tokens"] == 20


def test_what_all_attempts_spent_is_told(server):
    _, client, _ = server
    asked = {"attempts": 3, "until": "verified", "verifier": "exact", "reference": "no such answer"}
    found = ask(client, max_tokens=8, temperature=1.0, budget=asked | {"max_thought_tokens": 4})
    told = found["r1data"]
    assert (told["attempts"], told["stopped_by"], told["completion_tokens"]) == (3, "attempts", 24)
    assert found["usage"]["completion_tokens"] == 24


_FIELDS = """
import json
from vllm import envs
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest as chat
from vllm.entrypoints.openai.completion.protocol import CompletionRequest as plain
print(json.dumps([envs.VLLM_HTTP_TIMEOUT_KEEP_ALIVE, *map(list, (chat.model_fields, plain.model_fields))]))
"""
_OTHERWISE = (
    *("max_tokens", "min_tokens", "stream", "stream_options", "request_id", "return_tokens_as_token_ids"),
    *("truncate_prompt_tokens", "truncation_side", "add_special_tokens", "mm_payload", "return_mm_kwargs"),
    *("routed_experts_prompt_start", "return_token_offsets", "thinking_token_budget"),
)
"""Fields that both kinds of requests have, and that the second request of an attempt does not repeat: it has
its own lengths, its prompt is tokens, and the front reads no more of its answer than text.
"""


def test_the_second_request_keeps_what_both_kinds_of_requests_know():
    said = subprocess.run([sys.executable, "-c", _FIELDS], capture_output=True, text=True, check=True).stdout
    idle_s, chat, plain = json.loads(said.splitlines()[-1])
    assert set(chat) & set(plain) == {*attempt.KEPT, *budget.ALONE, *_OTHERWISE} - {"tools"}
    assert idle_s > upstream.IDLE_S


def leave_early(client, *, stream):
    """Ask for much and go away once it is being written."""
    before = metric(client, "vllm:generation_tokens_total")
    body = {"messages": [{"role": "user", "content": "Tell a story."}], "ignore_eos": True, "max_tokens": 450}
    content = json.dumps(body | {"stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n"
    with socket.create_connection(("127.0.0.1", client.base_url.port)) as leaving:
        leaving.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + content)
        until(lambda: metric(client, "vllm:generation_tokens_total") > before)


@pytest.mark.parametrize("stream", [False, True])
def test_when_a_client_goes_away_vllm_stops_writing(server, stream):
    _, client, _ = server
    gone, before = (metric(client, "r1data_errors_total"), metric(client, "vllm:generation_tokens_total"))
    leave_early(client, stream=stream)
    until(lambda: metric(client, "vllm:num_requests_running") == 0)
    until(lambda: metric(client, "r1data_errors_total") == gone + 1)
    written = metric(client, "vllm:generation_tokens_total")
    time.sleep(0.5)
    assert before < metric(client, "vllm:generation_tokens_total") == written < before + 450


def test_sigterm_while_vllm_loads_leaves_no_process(folder, environment, tmp_path):
    with (tmp_path / "log").open("wb") as sink:
        process = start(folder, environment, free_port(), sink)
    children = psutil.Process(process.pid)
    until(lambda: len(children.children(recursive=True)) >= 2)
    family = children.children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_when_vllm_dies_the_server_says_so_and_ends(server):
    process, client, log = server
    ask(client, max_tokens=1)
    family = psutil.Process(process.pid).children(recursive=True)
    engine = next(one for one in family if "EngineCore" in one.name())
    engine.kill()
    assert process.wait(60) == 1
    said = log.read_text()
    assert "r1data: vLLM ended" in said.splitlines()[-1] and "Traceback" not in said
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
