"""What judging costs: beside an engine that costs nothing, and with vLLM beside its own `LLM.generate`.

    python -m bench.judge --rounds 3
    python -m bench.judge --lake dagster_home/lake --recipe recipes/general.toml   # share that needed a judge

With vLLM both sides are asked the same requests: two votes of every question, structured, with
log-probabilities. `judge` is the engine under the protocol; `bare` is one `LLM.generate` over all of them.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bench.measure import Timer, peak_mb, spread
from bench.throughput import CONTEXT, RESULT, SLOTS, timed
from r1data.generate.engines.vllm_process import environment
from r1data.generate.models import resolve
from r1data.judge.model import JudgeModel
from r1data.judge.protocol import FIRST
from r1data.judge.question import Question
from r1data.judge.rubric import load_rubric
from r1data.recipe import Generate, Judge, VllmSettings, load_recipe

RUBRIC = load_rubric("reference_match")


def settings(engine: str) -> Judge:
    """The embedded model as a judge that takes no further votes."""
    fake = {"texts": ["DIFFERENT"], "slots": 256, "per_poll": 256}
    generate = Generate(
        teacher="smollm2-judge", engine=engine, max_tokens=8, context_tokens=CONTEXT, fake=fake,
        vllm=VllmSettings(max_num_seqs=SLOTS),
    )  # fmt: skip
    return Judge(generate=generate, extra_votes=0)


def questions(n: int, seed: int = 0) -> Iterator[Question]:
    """Sums; every other answer is another number than the reference."""
    for i in range(n):
        text = f"What is {seed + i} + {2 * i}? Show your steps, then give the number."
        answer = f"Adding {seed + i} and {2 * i} gives {seed + 3 * i + i % 2}."
        yield Question(f"{seed}-{i}", text, answer, str(seed + 3 * i))


def alone(n: int) -> dict[str, float]:
    """The protocol on an engine that costs nothing."""
    with Timer() as timer, JudgeModel(settings("fake")) as judge:
        done = sum(1 for _ in judge.judge(RUBRIC, questions(n)))
    assert done == n and judge.n_asked == FIRST * n
    return {"per_s": n / timer.wall_s, "cpu_ms": timer.cpu_s / n * 1e3, "peak_mb": peak_mb()}


def judged(n: int) -> dict[str, float]:
    """Judgements by vLLM."""
    with JudgeModel(settings("vllm")) as judge:
        list(judge.judge(RUBRIC, questions(SLOTS, seed=7)))
        return timed(lambda: sum(1 for _ in judge.judge(RUBRIC, questions(n))))


def bare(n: int) -> dict[str, float]:
    """The same requests by `LLM.generate`."""
    os.environ |= environment(1)
    from vllm import LLM

    from r1data.generate.engines.vllm_child import _arguments, _parameters
    from r1data.generate.render import chat_ids

    judge = JudgeModel(settings("fake"))
    model = resolve("embedded:smollm2-135m-instruct")
    wanted = settings("vllm").generate.vllm.model_dump()
    wanted |= {"model": str(model.path), "context_tokens": CONTEXT, "allow_code": False}
    arguments = _arguments(wanted)
    names = ("model", "load_format", "dtype", "max_model_len", "max_num_seqs", "enforce_eager", "block_size")
    names += ("kv_cache_memory_bytes", "enable_chunked_prefill", "max_num_batched_tokens")
    names += ("enable_prefix_caching",)
    llm = LLM(**{name: getattr(arguments, name) for name in names}, disable_log_stats=True)

    def generate(some: Iterator[Question]) -> int:
        asked = [judge.request(RUBRIC, one, index) for one in some for index in range(FIRST)]
        tokenizer = llm.get_tokenizer()
        prompts = [{"prompt_token_ids": chat_ids(tokenizer, one, model.chat_template).ids} for one in asked]
        llm.generate(prompts, [_parameters(one, one.max_tokens, "") for one in asked], use_tqdm=False)
        return len(asked) // FIRST

    generate(questions(SLOTS, seed=7))
    return timed(lambda: generate(questions(n)))


WAYS = {"judge": judged, "bare": bare, "alone": alone}


def measure(way: str, n: int) -> dict[str, float]:
    """The numbers of one way, in a process of its own."""
    command = [sys.executable, "-m", "bench.judge", "--way", way, "--questions", str(n)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(RESULT))  # vLLM prints too
    return json.loads(line.removeprefix(RESULT))


def needed(lake: Path, recipe: Path) -> None:
    """Print the share of a lake's rollouts that a judge was asked about, by night and rubric."""
    from r1data.lake import Lake

    opened, own = Lake(lake), load_recipe(recipe)
    planned = opened.scan("plan").filter(pl.col("recipe") == own.name)
    rollouts = (
        opened.scan("rollouts").join(planned, on="rollout_id", how="semi").select("night", "rollout_id")
    )
    asked = opened.scan("judgements").select("rollout_id", "rubric").unique()
    found = rollouts.join(asked.group_by("rollout_id").agg("rubric"), on="rollout_id", how="left").collect()
    for (night,), rows in found.group_by("night", maintain_order=True):
        n = rows["rubric"].drop_nulls().len()
        rubrics = rows["rubric"].drop_nulls().explode().value_counts(sort=True).rows()
        told = ", ".join(f"{rubric} {count}" for rubric, count in rubrics)
        print(f"{night}: {n} of {rows.height} rollouts ({n / rows.height:.1%}) went to the judge: {told}")


def main() -> None:
    """Interleave the rounds, print ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--questions", type=int, default=256)
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--recipe", type=Path, default=Path("recipes/general.toml"))
    given = parser.parse_args()
    if given.way:
        print(f"{RESULT}{json.dumps(WAYS[given.way](given.questions))}", flush=True)
        return
    if given.lake:
        needed(given.lake, given.recipe)
        return
    free = [measure("alone", 20_000) for _ in range(given.rounds)]
    print(
        f"engine that costs nothing: {spread([one['per_s'] for one in free], 0)} judgements/s, "
        f"{spread([one['cpu_ms'] for one in free])} CPU-ms each, "
        f"peak {spread([one['peak_mb'] for one in free], 0)} MB"
    )
    rounds = []
    for number in range(given.rounds):
        ways = ("judge", "bare") if number % 2 == 0 else ("bare", "judge")
        rounds.append({way: measure(way, given.questions) for way in ways})
    for way in ("judge", "bare"):
        rates = [one[way]["tokens_per_s"] for one in rounds]  # what `timed` counts are judgements here
        cpu = [one[way]["cpu_s"] / given.questions for one in rounds]
        print(f"{way:5} {spread(rates)} judgements/s, {spread(cpu)} CPU-s each")
    ratios = [one["judge"]["tokens_per_s"] / one["bare"]["tokens_per_s"] for one in rounds]
    print(f"judge against bare: {spread(ratios)} × judgements/s")


if __name__ == "__main__":
    main()
