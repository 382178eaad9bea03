"""A reward model that reads: prompts and completions → one number each.

`python -m r1data.train.reader_child FOLDER` reads lines from standard input and writes a line for each:

    [[[{"role": "user", "content": "What is 2 + 3?"}], "<think>…</think>5"], …]   →   [0.71, null, …]

Memory holds the model, the texts of one line and one forward pass.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import torch
from transformers import AutoModelForSequenceClassification

from r1data.errors import InputError
from r1data.train.gate import load_tokenizer, tokenise
from r1data.train.preference import Messages, part_read, reading_of

PASS_TOKENS = {"cpu": 4_096, "cuda": 65_536}
"""Tokens of a forward pass, padding included, unless one text has more; nothing is kept for a gradient."""


class Reader:
    """A reward model in this process; calling it is `preference.Prefers`."""

    def __init__(self, folder: Path) -> None:
        """Load it, onto the GPU of this process if there is one.

        Raises:
            ConfigError: the folder holds no reward model.
        """
        self.reading = reading_of(folder)
        self.tokenizer = load_tokenizer(folder)
        device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
        model = AutoModelForSequenceClassification.from_pretrained(
            str(folder), dtype=dtype, local_files_only=True
        )
        self.model = model.to(device).eval()
        config = model.config.get_text_config()
        if config.pad_token_id is None:  # it would refuse to read two texts at once
            config.pad_token_id = self.tokenizer.pad_token_id or self.tokenizer.eos_token_id
        self.pad_token_id = config.pad_token_id

    def __call__(self, prompts: Sequence[Messages], completions: Sequence[str]) -> list[float | None]:
        """One number for each raw completion, as `preference.Prefers` says."""
        texts = [part_read(completion, self.reading.reads) for completion in completions]
        asked = [at for at, text in enumerate(texts) if text is not None]
        rows = [
            {
                "rollout_id": str(at),
                "prompt": list(prompts[at]),
                "completion": [{"role": "assistant", "content": texts[at]}],
            }
            for at in asked
        ]
        traces = dict(zip(asked, tokenise(rows, self.tokenizer), strict=True))
        ids = {
            at: trace.input_ids
            for at, trace in traces.items()
            if not isinstance(trace, InputError) and len(trace.input_ids) <= self.reading.max_tokens
        }
        told = numbers(self.model, list(ids.values()), pad_token_id=self.pad_token_id)
        found = dict(zip(ids, told, strict=True))
        return [found.get(at) if at in traces else float("-inf") for at in range(len(texts))]


def numbers(model: Any, ids: Sequence[Sequence[int]], *, pad_token_id: int) -> list[float]:
    """A reward model's number for each row of token ids, in their order; rows of like length share a pass.

    A row's number does not depend on the rows beside it, but for rounding. Where several processes share the
    weights, all of them call it with the same rows.
    """
    device = next(model.parameters()).device
    room = PASS_TOKENS[device.type]
    # The longest come first: if memory does not suffice, it shows at once.
    waiting = sorted(range(len(ids)), key=lambda at: -len(ids[at]))
    found = [0.0] * len(ids)
    while waiting:
        longest = len(ids[waiting[0]])
        taken, waiting = waiting[: max(1, room // longest)], waiting[max(1, room // longest) :]
        tokens = torch.full((len(taken), longest), pad_token_id)
        mask = torch.zeros_like(tokens)
        for place, at in enumerate(taken):
            tokens[place, : len(ids[at])] = torch.tensor(ids[at])
            mask[place, : len(ids[at])] = 1
        with torch.no_grad():
            told = model(input_ids=tokens.to(device), attention_mask=mask.to(device), use_cache=False)
        for at, number in zip(taken, told.logits[:, 0].float().tolist(), strict=True):
            found[at] = number
    return found


def main(folder: str) -> None:
    """Read until standard input ends, as it does when the parent is gone."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print goes to standard error
    reader = Reader(Path(folder))
    for line in sys.stdin.buffer:
        rows = orjson.loads(line)
        told = reader([prompt for prompt, _ in rows], [completion for _, completion in rows])
        pipe.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1])
