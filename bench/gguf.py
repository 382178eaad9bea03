"""How often does a GGUF file write what the model writes in transformers, greedily and token by token?

    python -m bench.gguf                                    # the embedded model, all quantisations of FILES
    python -m bench.gguf loop-sft --recipe recipes/toy.toml --files f32 q8_0

Both are given the same tokens: the benchmark's prompts, rendered by the model's own chat template. The
reference is `generate` in float32.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from bench.toy import table
from r1data.prompts.tonight import held_out
from r1data.recipe import load_recipe
from r1data.serve.gguf.export import export_gguf
from r1data.serve.gguf.server import Llama, serving
from r1data.serve.named import named

SLOTS = 8
FILES = ("f32", "f16", "bf16", "q8_0", "q4_0")


def main() -> None:
    """Print a row per file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", nargs="?", default="embedded:smollm2-135m-instruct")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/night.toml"))
    parser.add_argument("--n", type=int, default=50, help="prompts, drawn evenly from the benchmarks")
    parser.add_argument("--tokens", type=int, default=32, help="of a completion, at most")
    parser.add_argument("--files", nargs="+", default=FILES)
    wanted = parser.parse_args()
    recipe, model = load_recipe(wanted.recipe), named(wanted.model)[0]
    items = held_out(recipe, night=recipe.start.isoformat())
    chosen = items.gather(pl.int_range(wanted.n, eager=True) * items.height // wanted.n)["messages"].to_list()
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    prompts = [
        tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        for messages in chosen
    ]
    began = time.monotonic()
    own = greedy(model.path, prompts, wanted.tokens)
    print(f"transformers: {len(own)} prompts in {time.monotonic() - began:.0f} s", flush=True)
    end, rows = tokenizer.eos_token_id, []
    export = export_gguf(model, wanted.model, wanted.files)
    for kind in wanted.files:
        began, same, shared, longest = time.monotonic(), 0, 0, 0
        with serving(export.file(kind), 1024, slots=SLOTS) as llama, ThreadPoolExecutor(SLOTS) as pool:

            def ask(prompt: list[int], llama: Llama = llama) -> list[int]:
                body = {"prompt": prompt, "n_predict": wanted.tokens, "temperature": 0, "return_tokens": True}
                return [token for token in llama.post("/completion", body)["tokens"] if token != end]

            for made, reference in zip(pool.map(ask, prompts), own, strict=True):
                texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in (made, reference)]
                same += texts[0] == texts[1]
                shared += prefix(made, reference)
                longest += len(reference)
        row = {"file": kind, "MB": round(export.file(kind).stat().st_size / 1e6, 1), "prompts": len(prompts)}
        row |= {"equal": same, "share": f"{same / len(prompts):.0%}"}
        row |= {"tokens before the first that differs": f"{shared / longest:.1%}"}
        rows.append(row | {"elapsed_s": round(time.monotonic() - began, 1)})
        table(rows[-1:])
    table(rows)


def greedy(path: Path, prompts: list[list[int]], max_tokens: int) -> list[list[int]]:
    """Completions by transformers in float32, without their end token."""
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    end = model.config.eos_token_id
    longest = max(map(len, prompts))
    padded = torch.tensor([[end] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    with torch.inference_mode():
        made = model.generate(padded, attention_mask=mask, max_new_tokens=max_tokens, do_sample=False)
    return [[token for token in row if token != end] for row in made[:, longest:].tolist()]


def prefix(one: list[int], other: list[int]) -> int:
    """How many tokens two completions begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


if __name__ == "__main__":
    main()
