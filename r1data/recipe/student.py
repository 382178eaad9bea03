"""A student: a base model, the mix that it reads, how it is trained and how it is judged."""

from typing import Any

from pydantic import Field, model_validator

from r1data.recipe.section import Section, Word
from r1data.recipe.teacher import Sampling
from r1data.recipe.training import Grpo, Launch, LauncherName, Lora, RewardModel, Rewards, Sft, TrainerName


class SideEffects(Section):
    """What else a student may have lost or gained: sets that it and its base are asked zero-shot."""

    sets: tuple[Word, ...] = ("instruction", "refusal", "over_refusal")
    """A [[benchmarks]] of the night's recipe each, or a file of recipes/side_effects; `[]` asks none."""
    k: int = Field(default=1, ge=1)
    """Attempts per item."""
    max_tokens: int = Field(default=256, ge=1)
    """Completion tokens; a completion that hits the cap counts as wrong, but of refusals."""


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
    engine: Word | None = None
    """What asks the student and its base, a key of `r1data.generate.engines.ENGINES`; without it the recipe's
    engine if that loads models, else vllm.
    """
    teacher: bool = True
    """Ask the night's teacher, too: zero-shot, and as its own recipe asks, where that differs."""
    side_effects: SideEffects = SideEffects()


class Ablation(Section):
    """The same student from other mixes, at an equal budget of rows."""

    mixes: tuple[Word, ...] = Field(min_length=2)
    """Files of sql/mixes that are compared."""
    seeds: tuple[int, ...] = Field(default=(0, 1, 2), min_length=3)
    n_rows: int | None = Field(default=None, ge=1)
    """Rows of each student; those of the smallest mix without it."""


class Student(Section):
    """A training job and its evaluation."""

    name: Word
    base: str
    """`embedded:smollm2-135m-instruct`, `scratch:chars`, `student:NAME`, a model folder, or a hub id."""
    revision: str | None = None
    mix: str = "shortest_correct"
    """A file of sql/mixes, without its suffix."""
    mix_parameters: dict[str, Any] = Field(default={})
    """Values of the mix's parameters, such as `keep = 1`, `order = "random"` or `weights = { gsm8k = 2 }`."""
    trainer: TrainerName = "sft"
    launcher: LauncherName = "local"
    seed: int = 0
    sft: Sft = Sft()
    grpo: Grpo = Grpo()
    reward_model: RewardModel = RewardModel()
    lora: Lora | None = None
    """Train adapters; all weights without it."""
    rewards: Rewards = Rewards()
    launch: Launch = Launch()
    ablation: Ablation | None = None
    evaluate: Evaluate = Evaluate()

    @model_validator(mode="after")
    def _shared_out_evenly(self) -> "Student":
        """Of an optimiser step, every process reads as many rows."""
        processes = self.launch.processes * self.launch.machines
        if self.launcher == "local" and processes > 1:
            raise ValueError(
                f"launcher local is one process, and [launch] says {processes}; take launcher torchrun"
            )
        if self.lora and self.launch.parallel != "ddp":
            raise ValueError(
                f'[lora] needs parallel = "ddp" under [launch], and not "{self.launch.parallel}": adapters '
                "that are shared out are not merged"
            )
        if self.launcher != "verl" and self._rows_per_step % processes:
            raise ValueError(
                f"an optimiser step of [{self.trainer}] reads {self._rows_per_step} rows of the mix, no "
                f"multiple of the {processes} processes of [launch]"
            )
        return self

    @property
    def _rows_per_step(self) -> int:
        if self.trainer == "grpo":
            return self.grpo.prompts_per_step  # a process has whole groups
        return self.sft.batch_size if self.trainer == "sft" else self.reward_model.batch_size
