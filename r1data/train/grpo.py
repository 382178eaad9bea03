"""Group Relative Policy Optimization by TRL, a process of its own: `python -m r1data.train.grpo job.json`.

    job.json ─ prompts as the student is asked ─ GRPOTrainer (checkpoints/) ─ model/ ─ metrics.json
                          completions ─ one reward (`rewards.Reward`) ─ alarms

The method is of DeepSeekMath (https://arxiv.org/abs/2402.03300), as DeepSeek-R1 uses it. Prompts are rendered
and tokenised as the evaluation does it, so a control token that a prompt spells is its letters. Completions
are made by vLLM inside the trainer on a GPU, and by transformers on a CPU.

Checkpoints lie between two rollouts, and where the reference model was replaced; while the reward falls
there are none. So a killed job goes on as if nobody had killed it, and an alarm leaves weights from before.
"""

import math
import random
from pathlib import Path
from typing import Any

import orjson
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, TrainerCallback
from trl import GRPOConfig, GRPOTrainer, SyncRefModelCallback

from r1data.errors import ConfigError
from r1data.recipe import Grpo, Rewards
from r1data.text import OPEN
from r1data.train import child, r1_zero
from r1data.train.alarms import alarm, falls
from r1data.train.failing import Stopped
from r1data.train.finish import finish
from r1data.train.job import WRITTEN, Job
from r1data.train.preference import PREFERENCE, prefers_of
from r1data.train.prompts import opens_thought, prompts, tokenizer_of
from r1data.train.rewarded import Rewarded
from r1data.train.rewards import Reward, trainer_settings
from r1data.train.sft import write_too_long

NUMBERS = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "num_tokens": "tokens",
    "reward": "reward",
    "reward_std": "reward_std",
    "entropy": "entropy",
    "kl": "kl",
    "completions/clipped_ratio": "clipped",
    "completions/mean_length": "completion_tokens",
    "step_time": "step_s",
}
"""TRL's names of numbers, and ours."""
OWN = ("reward/", "equal_groups", "thought_tokens", "reflection_words")
"""How numbers of ours begin."""


class Trainer(GRPOTrainer):
    """TRL's, with prompts that were tokenised before."""

    def __init__(self, *, prompt_ids: dict[str, list[int]], **arguments: Any) -> None:
        self.prompt_ids = prompt_ids
        super().__init__(**arguments)

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.prompt_ids[prompt] for prompt in prompts], None, {}


class Reference(TrainerCallback):
    """Gives a resumed run the reference model that it had, which TRL does not keep."""

    def __init__(self, trainer: GRPOTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Checkpoints from the first replacement on are saved at one, so they hold its weights."""
        if args.sync_ref_model and state.global_step >= args.ref_model_sync_steps:
            weights = self.trainer.accelerator.unwrap_model(self.trainer.model)
            SyncRefModelCallback.sync_target_model(weights, self.trainer.ref_model, 1.0)


class Watch(TrainerCallback):
    """Stops a run that has collapsed."""

    def __init__(self, grpo: Grpo, rewards: Rewards, full: float) -> None:
        self.alarms, self.full, self.preference = grpo.alarms, full, rewards.preference

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Look at the steps so far, also those of before a resume; no checkpoint while the reward falls."""
        # Rewards that a preference is part of are not like those of before.
        counted = (self.preference and self.preference.last_steps) or state.max_steps
        begins = state.max_steps - counted if self.preference else state.max_steps
        preferred = state.global_step > begins
        since, full = (begins, self.full + self.preference.weight) if preferred else (0, self.full)
        rewarded = [entry for entry in state.log_history if entry.get("reward") is not None]
        points = [point(entry) for entry in rewarded if entry["step"] > since]
        if told := alarm(points, self.alarms, full=full):
            good = child.last_whole_checkpoint(Path(args.output_dir))
            kept = f"{good} is from before" if good else "There was no checkpoint yet"
            raise Stopped(f"alarm at step {state.global_step}: {told}. {kept}")
        if falls(points, self.alarms):
            control.should_save = False


def train(job: Job, tell: child.Tell, say: child.Say) -> None:
    """Train on the prompts of the rows, save the student and write the metrics."""
    grpo, rewards = Grpo(**job.settings["grpo"]), Rewards(**job.settings["rewards"])
    folder, tokenizer = Path(job.folder), tokenizer_of(Path(job.base), grpo.template)
    if job.settings.get("lora") and grpo.kl and grpo.replace_reference_every:
        raise ConfigError(
            f"[lora] of {job.student}: adapters keep their base as the reference model. Set "
            "replace_reference_every = 0 under [grpo], or train all weights."
        )
    with open(job.rows, "rb") as lines:
        asked, too_long = prompts(map(orjson.loads, lines), tokenizer, max_tokens=grpo.max_prompt_tokens)
    write_too_long(folder, too_long)
    model = AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.float32, local_files_only=True)
    reward = Reward(
        rewards,
        end_tokens=_end_tokens(model, tokenizer),
        max_tokens=grpo.max_tokens,
        prefix=f"{OPEN}\n" if opens_thought(asked) else "",
        prefers=prefers_of(job.models[PREFERENCE]) if rewards.preference else None,
    )
    longest = max(len(prompt.ids) for prompt in asked) + grpo.max_tokens
    rows = [{**one.row, "prompt": one.text, "messages": one.row["prompt"]} for one in asked]
    trainer = Trainer(
        prompt_ids={one.text: one.ids for one in asked},
        model=model,
        reward_funcs=[
            Rewarded(
                reward,
                tokenizer,
                grpo.completions,
                folder / WRITTEN if child.is_first() else None,
                r1_zero.as_trace if grpo.template == "r1_zero" else str,
            )
        ],
        args=_config(job, grpo, rewards, longest=longest, vocabulary=len(tokenizer)),
        train_dataset=Dataset.from_list(rows).select(_order(len(rows), grpo, job.seed)),
        processing_class=tokenizer,
        callbacks=[child.Reporter(tell, point), Watch(grpo, rewards, sum(reward.weights.values()))],
        peft_config=child.adapters(job),
    )
    trainer.add_callback(Reference(trainer))
    say(f"{job.student}: {len(rows):,} prompts, {len(too_long):,} too long")
    elapsed_s = child.fit(trainer, job, say)
    counts = {"n_rows": len(rows), "n_rows_too_long": len(too_long)}
    finish(trainer, job, tokenizer, point=point, elapsed_s=elapsed_s, **counts)


def point(entry: dict[str, Any]) -> dict[str, float]:
    """The numbers of a step; without a reward if no completion of it has one."""
    known = {ours: float(entry[name]) for name, ours in NUMBERS.items() if entry.get(name) is not None}
    return known | {name: float(value) for name, value in entry.items() if name.startswith(OWN)}


def _order(n_rows: int, grpo: Grpo, seed: int) -> list[int]:
    """Which row comes when, over the whole run: each once before any comes again, in another order.

    TRL's own order begins anew when a run is resumed, and leaves out rows that fill no rollout.
    """
    per_rollout = grpo.prompts_per_rollout or grpo.prompts_per_step
    steps = per_rollout // grpo.prompts_per_step * grpo.iterations
    needed, draw, order = math.ceil(grpo.steps / steps) * per_rollout, random.Random(seed), list[int]()
    while len(order) < needed:
        order += draw.sample(range(n_rows), n_rows)
    return order[:needed]


def _end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Tokens that end a completion, as TRL has them: the tokenizer's and those of the model's defaults."""
    ends = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *([ends] if isinstance(ends, int) else ends or [])}


def _config(job: Job, grpo: Grpo, rewards: Rewards, *, longest: int, vocabulary: int) -> GRPOConfig:
    base = child.base_config(
        job,
        batch_size=grpo.prompts_per_step * grpo.completions,
        longest=longest,
        steps=grpo.steps,
        vocabulary=vocabulary,
        bf16=grpo.bf16,
        gradient_checkpointing=grpo.gradient_checkpointing,
    )
    steps_per_rollout = (grpo.prompts_per_rollout or grpo.prompts_per_step) // grpo.prompts_per_step
    replace_every = grpo.replace_reference_every if grpo.kl else 0
    if 0 < replace_every < grpo.steps:
        between = math.lcm(steps_per_rollout * grpo.iterations, replace_every)
    else:
        between = steps_per_rollout * grpo.iterations
    base["save_steps"] = math.ceil(base["save_steps"] / between) * between
    on_vllm = grpo.engine == "vllm" or (grpo.engine == "auto" and torch.cuda.is_available())
    return GRPOConfig(
        **base,
        **trainer_settings(rewards),
        max_steps=grpo.steps,
        shuffle_dataset=False,  # `_order` did
        learning_rate=grpo.learning_rate,
        lr_scheduler_type="constant",
        max_grad_norm=grpo.max_grad_norm,
        num_generations=grpo.completions,
        steps_per_generation=base["gradient_accumulation_steps"] * steps_per_rollout,
        num_iterations=grpo.iterations,
        max_completion_length=grpo.max_tokens,
        temperature=grpo.temperature,
        top_p=grpo.top_p,
        beta=grpo.kl,
        epsilon=grpo.clip,
        epsilon_high=grpo.clip_high,
        sync_ref_model=replace_every > 0,
        ref_model_sync_steps=replace_every or 1,
        ref_model_mixup_alpha=1.0,
        loss_type=grpo.loss,
        scale_rewards="none" if grpo.loss == "dr_grpo" else "group",
        use_vllm=on_vllm,
        vllm_mode="colocate",
        vllm_enable_sleep_mode=on_vllm,
        vllm_max_model_length=longest,
    )


if __name__ == "__main__":
    child.run(train)
