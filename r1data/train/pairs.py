"""Pairs as a reward model learns from them: both traces whole, as tokens of its own chat template.

    {"prompt": […], "chosen": […], "rejected": […], "chosen_id": "5f…", "rejected_id": "a1…"}
      → Pair(prompt="0eb1…", chosen=[1, 74, 23, …], rejected=[1, 74, 19, …])

The template gate reads every trace as it does for SFT, so what a template would drop is told. Of pairs of
which one trace is too long neither is cut. Two traces that read alike say nothing of which is better.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from r1data.errors import GateError
from r1data.ids import prompt_id
from r1data.train.gate import TooLong, gated
from r1data.train.preference import Reading, part_read

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Pair:
    """A better and a worse trace of a prompt, as token ids; each begins with the prompt."""

    prompt: str
    """Name of the prompt."""
    chosen: list[int]
    rejected: list[int]

    @property
    def n_tokens(self) -> int:
        """Of the longer trace."""
        return max(len(self.chosen), len(self.rejected))


@dataclass(frozen=True)
class Pairs:
    """Pairs to learn from, pairs to be tested by, and pairs that were left out."""

    train: list[Pair]
    heldout: list[Pair]
    """Of other prompts."""
    too_long: list[TooLong]
    """The longer trace of each pair that does not fit."""
    n_alike: int
    """Pairs whose traces read alike."""


def pairs(
    rows: Iterable[Mapping[str, Any]],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    reading: Reading,
    heldout: float,
) -> Pairs:
    """Tokenise the rows of an export of form dpo, and keep the pairs of some prompts apart.

    Args:
        rows: prompt, chosen and rejected (chat messages), chosen_id, rejected_id.
        tokenizer: the reward model's, with its chat template.
        reading: what it reads of them.
        heldout: share of prompts that are kept apart. They are the first by name, which is a hash, so nearly
            the same ones are kept when pairs are added, whatever the seed.

    Raises:
        GateError: there is no chat template, it loses part of a trace, or no pair is left to learn from.
    """
    names: list[str] = []
    found = list(gated(_sides(rows, reading, names), tokenizer, max_tokens=reading.max_tokens))
    fitting, too_long, n_alike = [], [], 0
    for name, chosen, rejected in zip(names, found[0::2], found[1::2], strict=True):
        long = [one for one in (chosen, rejected) if isinstance(one, TooLong)]
        if long:
            too_long.append(max(long, key=lambda one: one.n_tokens))
        elif chosen.input_ids == rejected.input_ids:
            n_alike += 1
        else:
            fitting.append(Pair(name, chosen.input_ids, rejected.input_ids))
    apart = _apart({pair.prompt for pair in fitting}, heldout)
    train = [pair for pair in fitting if pair.prompt not in apart]
    if not train:
        raise GateError(
            f"No pair to learn from: of {len(names)} pairs {len(too_long)} do not fit into "
            f"{reading.max_tokens} tokens, and {n_alike} read alike. Raise max_tokens in the recipe of the "
            "student, or choose a mix that gives more pairs."
        )
    return Pairs(train, [pair for pair in fitting if pair.prompt in apart], too_long, n_alike)


def _sides(rows: Iterable[Mapping[str, Any]], reading: Reading, names: list[str]) -> Iterator[dict[str, Any]]:
    """Chosen and rejected trace of each pair, one after the other; `names` gets the pair's prompt."""
    for row in rows:
        names.append(prompt_id(row["prompt"]))
        for side in ("chosen", "rejected"):
            content = part_read(row[side][-1]["content"], reading.reads)
            answer = [{"role": "assistant", "content": content or ""}]
            yield {"rollout_id": row[f"{side}_id"], "prompt": row["prompt"], "completion": answer}


def _apart(prompts: set[str], share: float) -> set[str]:
    """The share of prompts that is kept apart: one at least, unless it is 0, and never all."""
    n = min(max(round(len(prompts) * share), 1 if share else 0), len(prompts) - 1)
    return set(sorted(prompts)[: max(n, 0)])
