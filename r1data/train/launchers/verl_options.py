"""What a student's recipe is in verl's words: Hydra options of its trainers (https://verl.readthedocs.io).

    [grpo] clip = 0.2   →   actor_rollout_ref.actor.clip_ratio=0.2

Where TRL and verl differ in a default, the option says what TRL does: no weight decay, no dual clip. What
verl cannot do is refused, with what to write in its place. Option names are those of VERSION.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r1data.errors import ConfigError
from r1data.recipe import Grpo, Launch, Rewards, Sft
from r1data.train import r1_zero
from r1data.train.job import Job

VERSION = "0.9.1"
TRAINERS = {"sft": "verl.trainer.sft_trainer", "grpo": "verl.trainer.main_ppo"}
"""Modules of verl by our trainers."""
TRACKERS = frozenset({"wandb", "mlflow", "swanlab", "tensorboard", "clearml", "trackio"})
PASS_TOKENS = 16_384
"""Tokens of a forward pass of a GPU, at most, unless one row has more."""
MIN_LEARNING_RATE = 0.1
NO_DUAL_CLIP = 1_000_000
"""A bound that no ratio of probabilities reaches."""
SAVE_STEPS = 500
AGGREGATED = {
    "grpo": "seq-mean-token-mean",
    "dapo": "token-mean",
    "dr_grpo": "seq-mean-token-sum-norm",
}
Options = dict[str, Any]


@dataclass
class Run:
    """What is rendered: a job, its rows and where its files lie."""

    job: Job
    launch: Launch
    n_rows: int
    folder: Path
    """Holds the files of the run."""
    refused: list[str] = field(default_factory=list)
    """What verl cannot do, and what to write in its place."""

    def refuse(self, when: bool, why: str) -> None:
        """Note what verl cannot do."""
        if when:
            self.refused.append(why)


def options(run: Run) -> Options:
    """Options of the trainer of a job, by name.

    Raises:
        ConfigError: the recipe asks for what verl cannot do; names all of it.
    """
    run.refuse(
        bool(run.job.settings.get("lora")), "[lora]: it leaves adapters unmerged; leave the section out"
    )
    for tracker in sorted(set(run.launch.trackers) - TRACKERS):
        run.refuse(True, f"trackers: it has no {tracker}, but {', '.join(sorted(TRACKERS))}")
    if run.job.trainer == "sft":
        found = _sft(run, Sft(**run.job.settings["sft"]))
    elif run.job.trainer == "grpo":
        rewards = Rewards(**run.job.settings["rewards"])
        found = _grpo(run, Grpo(**run.job.settings["grpo"])) | _rewards(run, rewards)
    else:
        raise ConfigError(
            f"Launcher verl renders trainers sft and grpo; student {run.job.student} is a {run.job.trainer}. "
            "Use another launcher."
        )
    if run.refused:
        raise ConfigError(f"verl cannot do what student {run.job.student} asks: {'; '.join(run.refused)}.")
    return found | _trainer(run, found)


def _sft(run: Run, sft: Sft) -> Options:
    processes = run.launch.processes
    steps = math.ceil(run.n_rows // sft.batch_size * sft.epochs)
    run.refuse(run.launch.machines > 1, "machines: its trainer of traces runs on one; set 1")
    run.refuse(not sft.bf16, "bf16 = false: it attends in 16 bits; set true")
    run.refuse(sft.packing, "packing: it packs nothing, and pads nothing; leave it out")
    run.refuse(sft.in_order, "in_order: it shuffles; leave it out")
    run.refuse(sft.batch_size % processes != 0, f"batch_size: take a multiple of {processes} processes")
    run.refuse(steps == 0, f"batch_size: {run.n_rows} traces are less than one batch; lower it")
    return {
        "model.path": run.job.base,
        "model.enable_gradient_checkpointing": sft.gradient_checkpointing is not False,
        "data.train_files": str(run.folder / "train.parquet"),
        "data.custom_cls.path": str(run.folder / "dataset.py"),
        "data.custom_cls.name": "Traces",
        "data.train_batch_size": sft.batch_size,
        "data.max_length": sft.max_tokens,
        "data.max_token_len_per_gpu": max(sft.max_tokens, PASS_TOKENS),
        "optim.lr": sft.learning_rate,
        "optim.lr_scheduler_type": "cosine",
        "optim.min_lr_ratio": MIN_LEARNING_RATE,
        "optim.lr_warmup_steps": sft.warmup_steps,
        "optim.weight_decay": 0.0,
        "engine.seed": run.job.seed,
        **_sharding("engine", run.launch),
        "checkpoint.save_contents": ["model", "optimizer", "extra", "hf_model"],
        "trainer.total_epochs": math.ceil(sft.epochs),
        "trainer.total_training_steps": steps,
        "trainer.max_ckpt_to_keep": 1,
        "trainer.seed": run.job.seed,
    }


def _grpo(run: Run, grpo: Grpo) -> Options:
    prompts = grpo.prompts_per_rollout or grpo.prompts_per_step
    passes = prompts // grpo.prompts_per_step * grpo.iterations
    gpus, share = run.launch.processes * run.launch.machines, run.launch.verl.tensor_parallel
    rollout = "actor_rollout_ref.rollout"
    run.refuse(not grpo.bf16, "bf16 = false: it attends in 16 bits; set true")
    run.refuse(grpo.engine == "transformers", 'engine = "transformers": it samples by vLLM; set "auto"')
    run.refuse(grpo.replace_reference_every > 0, "replace_reference_every: its reference model stays; set 0")
    run.refuse(prompts > run.n_rows, f"prompts_per_rollout: there are {run.n_rows} prompts; lower it")
    run.refuse(gpus % share != 0, f"tensor_parallel: {gpus} GPUs are no multiple of {share}")
    template = (
        {"actor_rollout_ref.model.custom_chat_template": r1_zero.TEMPLATE}
        if grpo.template == "r1_zero"
        else {}
    )
    return {
        "algorithm.adv_estimator": "grpo",
        "algorithm.norm_adv_by_std_in_grpo": grpo.loss != "dr_grpo",
        "algorithm.use_kl_in_reward": False,
        "actor_rollout_ref.model.path": run.job.base,
        "actor_rollout_ref.model.enable_gradient_checkpointing": grpo.gradient_checkpointing is not False,
        **template,
        "data.train_files": str(run.folder / "train.parquet"),
        "data.val_files": str(run.folder / "train.parquet"),  # it must name some; nothing reads them
        "data.val_max_samples": 1,
        "data.train_batch_size": prompts,
        "data.max_prompt_length": grpo.max_prompt_tokens,
        "data.max_response_length": grpo.max_tokens,
        "data.filter_overlong_prompts": True,
        "data.seed": run.job.seed,
        **_actor(run, grpo),
        f"{rollout}.name": "vllm",
        f"{rollout}.n": grpo.completions,
        f"{rollout}.temperature": grpo.temperature,
        f"{rollout}.top_p": grpo.top_p,
        f"{rollout}.seed": run.job.seed,
        f"{rollout}.tensor_model_parallel_size": share,
        "trainer.total_training_steps": math.ceil(grpo.steps / passes),
        "trainer.total_epochs": math.ceil(grpo.steps / passes),  # an epoch is one step at least
        "trainer.max_actor_ckpt_to_keep": 1,
        "trainer.val_before_train": False,
        "trainer.nnodes": run.launch.machines,
        "trainer.n_gpus_per_node": run.launch.processes,
    }


def _actor(run: Run, grpo: Grpo) -> Options:
    actor = "actor_rollout_ref.actor"
    return {
        f"{actor}.optim.lr": grpo.learning_rate,
        f"{actor}.optim.weight_decay": 0.0,
        f"{actor}.optim.clip_grad": grpo.max_grad_norm,
        f"{actor}.ppo_mini_batch_size": grpo.prompts_per_step,
        f"{actor}.ppo_epochs": grpo.iterations,
        f"{actor}.use_dynamic_bsz": True,
        f"{actor}.ppo_max_token_len_per_gpu": max(grpo.max_prompt_tokens + grpo.max_tokens, PASS_TOKENS),
        f"{actor}.clip_ratio": grpo.clip,
        f"{actor}.clip_ratio_low": grpo.clip,
        f"{actor}.clip_ratio_high": grpo.clip_high or grpo.clip,
        f"{actor}.clip_ratio_c": NO_DUAL_CLIP,
        f"{actor}.use_kl_loss": grpo.kl > 0,
        f"{actor}.kl_loss_coef": grpo.kl,
        f"{actor}.kl_loss_type": "low_var_kl",
        f"{actor}.loss_agg_mode": AGGREGATED[grpo.loss],
        f"{actor}.loss_scale_factor": grpo.max_tokens if grpo.loss == "dr_grpo" else None,
        f"{actor}.data_loader_seed": run.job.seed,
        **_sharding(f"{actor}.fsdp_config", run.launch),
        f"{actor}.checkpoint.save_contents": ["model", "optimizer", "extra", "hf_model"],
    }


def _rewards(run: Run, rewards: Rewards) -> Options:
    grpo = Grpo(**run.job.settings["grpo"])
    run.refuse(
        rewards.preference is not None, "preference: the reward model is not served there; leave it out"
    )
    run.refuse(
        rewards.overlong != "soft",
        f'overlong = "{rewards.overlong}": it learns from completions that hit the cap; set "soft"',
    )
    run.refuse(rewards.soft_tokens > grpo.max_tokens, f"soft_tokens: take {grpo.max_tokens} or fewer")
    return {
        "reward.custom_reward_function.path": str(run.folder / "compute_score.py"),
        "reward.reward_manager.name": "dapo",
        "+reward.reward_kwargs.max_resp_len": grpo.max_tokens,
        "+reward.reward_kwargs.overlong_buffer_cfg.enable": True,
        "+reward.reward_kwargs.overlong_buffer_cfg.len": rewards.soft_tokens,
        "+reward.reward_kwargs.overlong_buffer_cfg.penalty_factor": 1.0,
        "+reward.reward_kwargs.overlong_buffer_cfg.log": True,
    }


def _sharding(engine: str, launch: Launch) -> Options:
    """verl shares by FSDP: nothing, so that each process has all; states and gradients; or weights, too."""
    return {
        f"{engine}.fsdp_size": 1 if launch.parallel == "ddp" else -1,
        f"{engine}.reshard_after_forward": launch.parallel != "zero2",
    }


def _trainer(run: Run, found: Options) -> Options:
    return {
        "trainer.project_name": "r1data",
        "trainer.experiment_name": Path(run.job.folder).name,
        "trainer.logger": ["console", "file", *run.launch.trackers],
        "trainer.default_local_dir": str(run.folder / "checkpoints"),
        "trainer.save_freq": min(found["trainer.total_training_steps"], SAVE_STEPS),
        "trainer.test_freq": -1,
        "trainer.resume_mode": "auto",
    }


def hydra(name: str, value: Any) -> str:
    """An option as an argument of Hydra's command line
    (https://hydra.cc/docs/advanced/override_grammar/basic).
    """
    return f"{name}={_hydra(value)}"


def _hydra(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_hydra, value))}]"
    if isinstance(value, str):
        escaped = value.replace("'", r"\'")
        return f"'{escaped}'"
    return "null" if value is None else str(value).lower()
