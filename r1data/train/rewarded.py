"""What GRPO's trainer calls for rewards: it reads completions from their tokens, and tells how they think.

    {"step": 20, "prompt": "…", "completion": "<think>…", "reference": "7", "reward": 1.2,
     "reasons": {"accuracy": "equal", "format": "well_formed", "language": "in_language"}}

is a line of `written.jsonl`.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from r1data.text import split
from r1data.train.rewards import Reward
from r1data.train.thoughts import reflections

WRITE_EVERY = 10
"""Steps after which the next rollout adds to `written.jsonl`."""
N_WRITTEN = 2
"""Completions of a prompt that it adds."""


class Rewarded:
    """The reward, given whole texts of completions; it also measures thoughts and keeps some of them."""

    __name__ = "reward"

    def __init__(
        self,
        reward: Reward,
        tokenizer: Any,
        completions: int,
        written: Path | None,
        read: Callable[[str], str] = str,
    ) -> None:
        """Write nothing yet.

        Args:
            reward: which reads texts.
            tokenizer: the student's.
            completions: of a prompt, which lie side by side.
            written: the file for some completions; None of a process that is not the first.
            read: makes a trace of what the student writes, where its template wants another form.
        """
        self.reward, self.tokenizer, self.written, self.read = reward, tokenizer, written, read
        self.completions = completions
        self._last_written: int | None = None

    def __call__(
        self,
        *,
        prompts: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        trainer_state: Any,
        log_metric: Any,
        log_extra: Any,
        **columns: Any,
    ) -> list[float | None]:
        """Rewards in the order of `completion_ids`; None where a verdict is unknown."""
        texts = [self._text(ids) for ids in completion_ids]
        columns["completions"] = list(map(self.read, texts))  # TRL's lack tags that a tokenizer calls special
        reasons: dict[str, list[str]] = {}
        rewards = self.reward(
            prompts=prompts,
            completion_ids=completion_ids,
            trainer_state=trainer_state,
            log_metric=log_metric,
            log_extra=reasons.__setitem__,
            **columns,
        )
        for name, of_each in reasons.items():
            log_extra(name, of_each)
        thoughts = [split(self.reward.prefix + text)[0] or "" for text in texts]
        lengths = self.tokenizer(thoughts, add_special_tokens=False)["input_ids"]
        # TRL's own share misses groups whose equal rewards no float has exactly, such as 0.2.
        each = iter(rewards)
        groups = iter(lambda: list(islice(each, self.completions)), [])
        log_metric(
            "equal_groups", fmean(len({one for one in group if one is not None}) < 2 for group in groups)
        )
        log_metric("thought_tokens", fmean(map(len, lengths)))
        log_metric("reflection_words", fmean(map(reflections, thoughts)))
        first = [
            {"prompt": prompts[0], "completion": texts[row], "reference": columns["reference"][0]}
            | {"reward": rewards[row], "reasons": {name: each[row] for name, each in reasons.items()}}
            for row in range(min(N_WRITTEN, len(texts)))
        ]
        self._write(trainer_state.global_step, first)
        return rewards

    def _write(self, step: int, lines: list[dict[str, Any]]) -> None:
        """Keep some completions; what a killed process kept of later steps goes."""
        if self.written is None:
            return
        if self._last_written is None and self.written.exists():
            whole = [one for one in self.written.read_bytes().splitlines(True) if one.endswith(b"\n")]
            kept = [one for one in whole if orjson.loads(one)["step"] < step]
            self.written.write_bytes(b"".join(kept))
            self._last_written = orjson.loads(kept[-1])["step"] if kept else None
        if self._last_written is not None and step < self._last_written + WRITE_EVERY:
            return
        self._last_written = step
        with self.written.open("ab") as file:
            for line in lines:
                file.write(orjson.dumps({"step": step} | line, option=orjson.OPT_APPEND_NEWLINE))

    def _text(self, ids: Sequence[int]) -> str:
        kept = ids[:-1] if ids and ids[-1] in self.reward.end_tokens else ids
        return self.tokenizer.decode(kept, skip_special_tokens=False)
