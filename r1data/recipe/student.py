"""A student: a base model, the mix that it reads, how it is trained and how it is judged."""

from typing import Any, Literal

from pydantic import Field

from r1data.recipe.section import Section, Word
from r1data.recipe.teacher import Sampling


class Sft(Section):
    """Supervised fine-tuning; the learning rate decays by a cosine to a tenth, as R1's did."""

    learning_rate: float = Field(default=1e-4, gt=0)
    epochs: float = Field(default=2, gt=0)
    batch_size: int = Field(default=8, ge=1)
    """Traces per optimiser step."""
    warmup_steps: int = Field(default=3, ge=0)
    max_tokens: int = Field(default=256, ge=8)
    """Longest trace, prompt included; longer ones are left out and counted, never cut."""
    bf16: bool = True
    packing: bool = False


class Evaluate(Section):
    """How a student is asked: R1's protocol is temperature 0.6, top-p 0.95, pass@1 as the mean over k
    attempts.
    """

    benchmark: Word = "heldout"
    k: int = Field(default=4, ge=1)
    """Attempts per item."""
    max_tokens: int = Field(default=96, ge=1)
    """Completion tokens; a completion that hits the cap counts as unsolved."""
    context_tokens: int = Field(default=512, ge=16)
    sampling: Sampling = Sampling(temperature=0.6, top_p=0.95)


class Rewards(Section):
    """What GRPO rewards: verdicts of the pipeline's own verifiers, weighed and added."""

    weights: dict[str, float] = Field(default={"accuracy": 1.0, "format": 1.0, "language": 1.0})
    """Of `accuracy`, the verifier of the prompt's reference, and of verifiers that need no reference.
    R1-Zero adds accuracy and format, R1's first stage also language; each counts the same.
    """
    overlong: Literal["mask", "zero", "soft"] = "mask"
    """Completions that hit the cap: left out of the loss, worth 0, or punished as DAPO does, from 0 at
    `soft_tokens` before the cap to -1 at the cap (https://arxiv.org/abs/2503.14476, equation 13).
    """
    soft_tokens: int = Field(default=4096, ge=1)


class Student(Section):
    """A training job and its evaluation."""

    name: Word
    base: str
    """`embedded:smollm2-135m-instruct`, a model folder, or a hub id."""
    revision: str | None = None
    mix: str = "shortest_correct"
    """A file of sql/mixes, without its suffix."""
    mix_parameters: dict[str, Any] = Field(default={})
    """Values of the mix's parameters, such as `keep = 1`, `order = "random"` or `weights = { gsm8k = 2 }`."""
    trainer: Literal["sft"] = "sft"
    launcher: Literal["local"] = "local"
    seed: int = 0
    sft: Sft = Sft()
    rewards: Rewards = Rewards()
    evaluate: Evaluate = Evaluate()
