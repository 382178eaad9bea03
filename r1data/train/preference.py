"""Reward models as others use them: what one reads, where a student's own is, and what it prefers.

    model/config.json   "architectures": ["Qwen3ForSequenceClassification"], "num_labels" 1,
                        "r1data": {"reads": "answer", "max_tokens": 8192}

A model that was trained elsewhere has no entry `r1data`; it reads whole completions, up to its context.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import inf, tanh
from pathlib import Path
from typing import Any, Literal

import orjson

from r1data.errors import ConfigError
from r1data.generate.models import STUDENT, ModelFolder, resolve
from r1data.recipe import Student
from r1data.text import joined, split
from r1data.verify.verdict import Verdict, right, unknown, wrong

KEY = "r1data"
PREFERENCE = "preference"
"""What for GRPO needs a reward model, in `Job.models`."""
Messages = Sequence[dict[str, Any]]
Prefers = Callable[[Sequence[Messages], Sequence[str]], list[float | None]]
"""(prompts, raw completions) → one number each, any real one, larger for better; minus infinity without an
answer; None of what the model cannot read.
"""


@dataclass(frozen=True)
class Reading:
    """What a reward model reads."""

    reads: Literal["answer", "completion"] = "completion"
    """The final answer alone, or the thought, too."""
    max_tokens: int = 8_192
    """Longest text, prompt included."""

    def told(self) -> dict[str, dict[str, Any]]:
        """What the model's config.json says of it."""
        return {KEY: asdict(self)}


def reading_of(folder: Path) -> Reading:
    """What the reward model of a folder reads.

    Raises:
        ConfigError: the folder holds no reward model.
    """
    config = orjson.loads((folder / "config.json").read_bytes())
    kinds = config.get("architectures") or ["nothing"]
    one_number = len(config.get("id2label") or {"0": "", "1": ""}) == 1
    if not (kinds[0].endswith("ForSequenceClassification") and one_number):
        raise ConfigError(
            f"{folder} holds {kinds[0]}, no reward model: …ForSequenceClassification with one number. Train "
            'a student with trainer = "reward_model".'
        )
    if KEY in config:
        return Reading(**config[KEY])
    return Reading(max_tokens=config.get("max_position_embeddings") or Reading.max_tokens)


def part_read(completion: str, reads: str) -> str | None:
    """What a reward model reads of a raw completion, as exports write it; None without an answer.

    >>> part_read("<think>1 + 1 = 2.</think> 2", "answer")
    '2'
    """
    reasoning, answer = split(completion)
    if not answer:
        return None
    return answer if reads == "answer" else joined(reasoning, answer)


def reward_of(number: float) -> float:
    """The reward of a model's number, 0 … 1: its sigmoid, by Bradley and Terry the probability that the text
    is preferred to one whose number is 0.
    """
    return (1 + tanh(number / 2)) / 2


def verdict_of(number: float | None) -> Verdict:
    """What a reward model's number says of a finished completion; `right` says no more than that it is better
    than the mean of what the model learnt from.
    """
    if number is None:
        return unknown("too_long")
    if number == -inf:
        return wrong("no_answer")
    reward = reward_of(number)
    return right("preferred", reward=reward) if number >= 0 else wrong("not_preferred", reward=reward)


def reward_model(model: str) -> ModelFolder:
    """The reward model of a name, `student:NAME` or as `generate.models.resolve` takes it.

    Raises:
        ConfigError: there is none of that name, or it is no reward model.
    """
    found = resolve(model)
    reading_of(found.path)
    return found


def models_of(student: Student) -> dict[str, ModelFolder]:
    """Other models that a student's job needs, by what for; their revisions belong into its run key.

    Raises:
        ConfigError: one was never trained, or is of another kind.
    """
    preference = student.rewards.preference if student.trainer == "grpo" else None
    return {PREFERENCE: reward_model(f"{STUDENT}{preference.student}")} if preference else {}


def prefers_of(folder: str | Path) -> Prefers:
    """The reward model of a folder, in this process and on its device; it is loaded here, so that memory that
    does not suffice shows before the first step.

    Raises:
        ConfigError: the folder holds no reward model.
    """
    from r1data.train.reader_child import Reader

    return Reader(Path(folder))
