"""A process that owns a vLLM with too little memory: `vllm_parent.py MODEL`; reads `ask` and `flood`."""

import json
import resource
import sys
from collections import Counter
from dataclasses import replace

from r1data.generate.engine import Request
from r1data.generate.engines.vllm import VllmEngine
from r1data.generate.models import resolve
from r1data.recipe import Generate, VllmSettings

LIMIT = 2**32
OPENED = "{% if add_generation_prompt %}<think>\n{% endif %}"


def tell(**facts):
    print(json.dumps(facts), flush=True)


def requests(n, max_tokens):
    """`n` requests, four at every prompt."""
    for i in range(n):
        text = f"Write a long story about the number {i // 4}. " + "Take your time. " * 40
        yield Request(f"r{i}", f"p{i // 4}", i % 4, ({"role": "user", "content": text},), i, max_tokens)


def ask(engine):
    """Make some rollouts and tell what came back."""
    engine.submit(list(requests(20, 16)))
    found = []
    while len(found) < 20:
        found += engine.poll(1)
    tell(
        times=Counter(completion.rollout_id for completion in found),
        texts=[completion.text for completion in found],
        completion_tokens=sum(completion.completion_tokens for completion in found),
        counters=engine.counters(),
        slots=engine.slots,
    )


def flood(engine):
    """Be in the middle of a batch for ever."""
    engine.submit(list(requests(2000, 24)))
    while not engine.poll(1):
        pass
    tell(pending=engine.pending)
    while True:
        engine.poll(1)


if __name__ == "__main__":
    # The KV cache takes all that a process may have, so the first start fails.
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    settings = VllmSettings(max_num_seqs=16, kv_cache_bytes=LIMIT)
    model = resolve(sys.argv[1])
    model = replace(model, chat_template=f"{model.chat_template}{OPENED}")
    with VllmEngine(Generate(context_tokens=1024, vllm=settings), model) as running:
        tell(slots=running.slots)
        for line in sys.stdin:
            {"ask": ask, "flood": flood}[line.strip()](running)
