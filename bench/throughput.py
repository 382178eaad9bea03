"""What a night keeps of vLLM's own speed, on the embedded model and a long tail of completion lengths.

    python -m bench.throughput --rounds 3

Three ways to make the same rollouts with the same settings, seeds and caps, interleaved:

    bare     one `LLM.generate` over all prompts
    batches  `LLM.generate` over one batch of `max_num_seqs` after the other, as a fixed-batch loop does
    runner   the engine `vllm` under `run`: child process, journal, segments published to a lake
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bench.measure import spread
from r1data import ids
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.engines.vllm import VllmEngine
from r1data.generate.engines.vllm_process import environment
from r1data.generate.fetch import DEFAULT_MODEL
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.lake import Lake
from r1data.recipe import Generate, Sampling, VllmSettings

SLOTS, CONTEXT = 64, 1024
RESULT = "result "
THINGS = (
    "the sea",
    "a lighthouse",
    "an old clock",
    "winter",
    "a lost dog",
    "bread",
    "the number seven",
    "rain",
)


def requests(n: int, seed: int = 0) -> list[Request]:
    """Stories with caps from a long-tailed distribution: most are short, some take ten times as long."""
    luck, made = random.Random(seed), []
    for number in range(n):
        text = f"Tell me a long story, number {number // 4}, about {THINGS[number % 32 // 4]}."
        messages = ({"role": "user", "content": text},)
        prompt = ids.prompt_id(messages)
        rollout = ids.rollout_id(prompt, str(seed), number % 4)
        cap = max(8, min(int(luck.lognormvariate(3.2, 1.2)), 480))
        made.append(Request(rollout, prompt, number % 4, messages, ids.seed(rollout), cap, Sampling()))
    return made


def cpu_s() -> float:
    """CPU seconds of this process and all that it started and that still runs."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def timed(work: Callable[[], int]) -> dict[str, float]:
    """Tokens per second and CPU seconds of work that returns its tokens."""
    before, began = cpu_s(), time.perf_counter()
    tokens = work()
    seconds = time.perf_counter() - began
    return {"tokens": tokens, "tokens_per_s": tokens / seconds, "wall_s": seconds, "cpu_s": cpu_s() - before}


def bare(n: int, order: str) -> dict[str, dict[str, float]]:
    """`bare` and `batches`, in this order or the other, in one vLLM."""
    os.environ |= environment(1)
    from vllm import LLM

    from r1data.generate.engines.vllm_child import _arguments, _parameters
    from r1data.generate.render import chat_ids

    model = resolve(DEFAULT_MODEL)
    settings = Generate(vllm=VllmSettings(max_num_seqs=SLOTS)).vllm.model_dump()
    settings |= {"model": str(model.path), "context_tokens": CONTEXT, "allow_code": False}
    wanted = _arguments(settings)
    names = ("model", "load_format", "dtype", "max_model_len", "max_num_seqs", "enforce_eager", "block_size")
    names += (
        "kv_cache_memory_bytes",
        "enable_chunked_prefill",
        "max_num_batched_tokens",
        "enable_prefix_caching",
    )
    llm = LLM(**{name: getattr(wanted, name) for name in names}, disable_log_stats=True)
    tokenizer = llm.get_tokenizer()

    def generate(some: list[Request]) -> int:
        prompts = [{"prompt_token_ids": chat_ids(tokenizer, one, model.chat_template).ids} for one in some]
        found = llm.generate(prompts, [_parameters(one, one.max_tokens, "") for one in some], use_tqdm=False)
        return sum(len(one.outputs[0].token_ids) for one in found)

    def batches() -> int:
        return sum(generate(work[at : at + SLOTS]) for at in range(0, n, SLOTS))

    work, found = requests(n), {}
    generate(requests(SLOTS, seed=1))
    ways = {"bare": lambda: generate(work), "batches": batches}
    for name in order.split(","):
        llm.reset_prefix_cache()
        found[name] = timed(ways[name])
    return found


def runner(n: int) -> dict[str, dict[str, float]]:
    """The engine under the runner."""
    generate = Generate(context_tokens=CONTEXT, vllm=VllmSettings(max_num_seqs=SLOTS))
    with tempfile.TemporaryDirectory() as folder, VllmEngine(generate, resolve(DEFAULT_MODEL)) as engine:
        lake, counted = Lake(Path(folder) / "lake"), {}

        def work(some: list[Request]) -> int:
            queue = Queue(Attempt(one, "2026-01-01", "t") for one in some)
            with Journal(Path(folder) / "journal") as journal:
                summary = run(queue, engine, journal, lambda frame: lake.append("rollouts", frame))
            counted["busy_share"], counted["engine"] = (
                summary.busy_share,
                summary.counters["completion_tokens"],
            )
            return summary.completion_tokens

        work(requests(SLOTS, seed=1))
        found = timed(lambda: work(requests(n)))
        return {"runner": found | counted}


def measure(way: str, n: int, order: str) -> dict[str, dict[str, float]]:
    """The numbers of one process."""
    command = [sys.executable, "-m", "bench.throughput", "--way", way, "--rollouts", str(n), "--order", order]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(RESULT))  # vLLM prints too
    return json.loads(line.removeprefix(RESULT))


def main() -> None:
    """Interleave the rounds, print ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way")
    parser.add_argument("--order", default="bare,batches")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rollouts", type=int, default=256)
    given = parser.parse_args()
    if given.way:
        found = bare(given.rollouts, given.order) if given.way == "bare" else runner(given.rollouts)
        print(f"{RESULT}{json.dumps(found)}", flush=True)
        return
    rounds = []
    for number in range(given.rounds):
        order = "bare,batches" if number % 2 == 0 else "batches,bare"
        ways = ("bare", "runner") if number % 2 == 0 else ("runner", "bare")
        rounds.append({})
        for way in ways:
            rounds[-1] |= measure(way, given.rollouts, order)
        for way, one in rounds[-1].items():
            print(
                f"  {way:8} {one['tokens']:,} tokens, {one['tokens_per_s']:.0f}/s, {one['cpu_s']:.0f} CPU-s",
                flush=True,
            )
    for other in ("bare", "batches"):
        ratios = [one["runner"]["tokens_per_s"] / one[other]["tokens_per_s"] for one in rounds]
        cpu = [one["runner"]["cpu_s"] / one[other]["cpu_s"] for one in rounds]
        print(f"runner against {other}: {spread(ratios)} × tokens/s, {spread(cpu)} × CPU-s")
    off = [abs(one["runner"]["engine"] / one["runner"]["tokens"] - 1) for one in rounds]
    print(f"token ledger against vLLM's counter: at most {max(off):.3%} apart")
    print(f"busy slots until the queue is empty: {spread([one['runner']['busy_share'] for one in rounds])}")


if __name__ == "__main__":
    main()
