"""How a student is trained: the sections of the trainers, of rewards and of where a job runs."""

from typing import Any, Literal

from pydantic import Field, model_validator

from r1data.recipe.section import Section, Word

TrainerName = Literal["sft", "grpo", "reward_model"]
JOBS_OF = {"sft": "train", "grpo": "train_grpo", "reward_model": "train_reward_model"}
"""The job of Dagster that trains students of a trainer."""
LauncherName = Literal["local", "torchrun", "slurm", "kubernetes", "ray", "verl"]


class Lora(Section):
    """Low-rank adapters in place of all weights (https://arxiv.org/abs/2106.09685), merged into them at the
    end.
    """

    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    modules: str | tuple[str, ...] = "all-linear"
    """Layers that get adapters; `all-linear` is every linear layer but the last."""


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
    in_order: bool = False
    """Read the rows in the mix's order, such as `easy_first`, and not shuffled."""
    gradient_checkpointing: bool | None = None
    """Compute activations twice to save memory; on a GPU without it said."""


class Alarms(Section):
    """When GRPO stops and says why; each looks at the means over `window` steps."""

    window: int = Field(default=8, ge=2)
    reward_drop: float = Field(default=0.3, gt=0, le=1)
    """Reward collapse: the reward has lost this share of the best window's (of the span from the worst
    possible reward, 0, to it).
    """
    equal_groups: float = Field(default=0.95, gt=0, le=1)
    """Largest share of groups whose completions are all rewarded alike, from which nothing is learnt, unless
    they are all rewarded in full.
    """
    clipped: float = Field(default=0.5, gt=0, le=1)
    """Largest share of completions that hit the cap."""
    min_entropy: float = Field(default=0.005, ge=0)
    """Nats per token; below it the student always writes the same. Not looked at while the reward is full."""
    max_entropy: float = Field(default=4.0, gt=0)
    """Nats per token; above it the student writes noise."""


PRESETS: dict[str, dict[str, Any]] = {
    "r1-zero": {
        "template": "r1_zero",
        "learning_rate": 3e-6,
        "kl": 1e-3,
        "temperature": 1.0,
        "completions": 16,
        "prompts_per_step": 32,
        "prompts_per_rollout": 512,
        "replace_reference_every": 400,
        "max_tokens": 32_768,
        "steps": 10_400,
        "loss": "grpo",
        "bf16": True,
    },
}
PRESETS["r1-stage1"] = PRESETS["r1-zero"] | {"template": "chat", "clip": 10.0}
PRESETS["r1-stage2"] = PRESETS["r1-stage1"] | {"temperature": 0.7, "steps": 1_700}


class Grpo(Section):
    """Group Relative Policy Optimization (https://arxiv.org/abs/2402.03300) by TRL."""

    preset: Literal["r1-zero", "r1-stage1", "r1-stage2"] | None = None
    """Numbers of DeepSeek-R1's recipe; keys beside it count before it."""
    template: Literal["chat", "r1_zero"] = "chat"
    """The base's chat template, or R1-Zero's raw text, for bases that were never taught to chat."""
    learning_rate: float = Field(default=3e-5, gt=0)
    steps: int = Field(default=60, ge=1)
    completions: int = Field(default=8, ge=2)
    """Of a prompt: the size of a group."""
    prompts_per_step: int = Field(default=8, ge=1)
    """Prompts of an optimiser step."""
    prompts_per_rollout: int | None = Field(default=None, ge=1)
    """Prompts whose completions are made at once, a multiple of `prompts_per_step`, which is it without."""
    iterations: int = Field(default=1, ge=1)
    """Optimiser passes over the completions of a rollout."""
    max_tokens: int = Field(default=128, ge=1)
    """Cap of a completion."""
    max_prompt_tokens: int = Field(default=1_024, ge=1)
    """Prompts that are longer are left out and counted."""
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    kl: float = Field(default=0.0, ge=0)
    """Coefficient of the divergence from the reference model."""
    clip: float = Field(default=0.2, gt=0)
    """Epsilon of the ratio of probabilities, below and above 1."""
    clip_high: float | None = Field(default=None, gt=0)
    """Epsilon above 1, where it is another one."""
    replace_reference_every: int = Field(default=0, ge=0)
    """Steps after which the reference model becomes the current one; 0 is never."""
    loss: Literal["grpo", "dapo", "dr_grpo"] = "dapo"
    """How tokens are weighed: each completion alike, each token alike, or by a fixed length."""
    max_grad_norm: float = Field(default=0.2, gt=0)
    bf16: bool = False
    gradient_checkpointing: bool | None = None
    engine: Literal["auto", "vllm", "transformers"] = "auto"
    """What makes the completions; `auto` is vLLM inside the trainer on a GPU, and transformers on a CPU."""
    alarms: Alarms = Alarms()

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:
        preset = given.get("preset") if isinstance(given, dict) else None
        return PRESETS[preset] | given if preset in PRESETS else given

    @model_validator(mode="after")
    def _whole_rollouts(self) -> "Grpo":
        if (self.prompts_per_rollout or self.prompts_per_step) % self.prompts_per_step:
            raise ValueError(
                f"prompts_per_rollout is {self.prompts_per_rollout}, no multiple of prompts_per_step, which "
                f"is {self.prompts_per_step}"
            )
        return self


class Preference(Section):
    """A reward model's part in the reward of GRPO, as in R1's second stage."""

    student: Word
    """The student that is the reward model, a file of recipes/students with trainer reward_model."""
    weight: float = Field(default=1.0, gt=0)
    last_steps: int | None = Field(default=None, ge=1)
    """Count it in the last steps only, since a policy finds its holes; in all steps without it."""
    domains: tuple[str, ...] = ("general",)
    """Prompts that it rewards, by domain; where a rule decides, none is needed."""


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
    preference: Preference | None = None


class RewardModel(Section):
    """A model that says which of two traces is better, trained on pairs by the loss of Bradley and Terry."""

    learning_rate: float = Field(default=6e-6, gt=0)
    epochs: float = Field(default=1, gt=0)
    batch_size: int = Field(default=256, ge=1)
    """Pairs per optimiser step."""
    warmup_steps: int = Field(default=0, ge=0)
    max_tokens: int = Field(default=8_192, ge=8)
    """Longest trace of a pair, prompt included; pairs with a longer one are left out and counted."""
    heldout: float = Field(default=0.1, ge=0, lt=1)
    """Share of prompts whose pairs are kept apart, to say how often the better trace is found."""
    reads: Literal["answer", "completion"] = "completion"
    """What is rewarded: the final answer alone, as for helpfulness, or all of it, as for harmlessness."""
    bf16: bool = True
    gradient_checkpointing: bool | None = None


class Slurm(Section):
    """How a job is put into Slurm's queue."""

    partition: str | None = None
    account: str | None = None
    gpus: str | None = None
    """What `--gpus-per-node` says, such as `a100:4`; the number of [launch] processes without it. `0` is
    no GPU.
    """
    cpus_per_task: int = Field(default=8, ge=1)
    memory: str | None = None
    """What `--mem` says, such as `64G`."""
    setup: tuple[str, ...] = ()
    """Lines of bash before the job, such as `module load cuda`."""
    extra: tuple[str, ...] = ()
    """More options of `sbatch`, as in a script's `#SBATCH` lines, such as `--constraint=h100`."""


class Kubernetes(Section):
    """How a job becomes a Job of Kubernetes."""

    image: str = ""
    """Container image that has r1data, bash and a user other than root."""
    namespace: str = "default"
    volume_claim: str = ""
    """PersistentVolumeClaim that holds DAGSTER_HOME; it is mounted at the same path."""
    cpu: str = "8"
    memory: str = "64Gi"
    gpu_resource: str = "nvidia.com/gpu"
    """What a GPU is called; `""` asks for none."""
    service_account: str | None = None
    secret: str | None = None
    """Secret whose keys become variables of the job, such as WANDB_API_KEY."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    context: str | None = None
    """Context of the kubeconfig; the cluster that this process runs in, or the current one, without it."""


class Ray(Section):
    """How a job is given to a Ray cluster."""

    address: str = "http://127.0.0.1:8265"
    """Of the cluster's dashboard."""
    python: str = "python"
    """The interpreter of the cluster's machines that has r1data."""
    cpus: int = Field(default=8, ge=1)
    gpus: int | None = Field(default=None, ge=0)
    """The number of [launch] processes without it; 0 on a cluster that has none."""
    pip: tuple[str, ...] = ()
    """Packages that Ray installs for the job."""


class Verl(Section):
    """A run of verl (https://verl.readthedocs.io), which is written out and not started."""

    tensor_parallel: int = Field(default=1, ge=1)
    """GPUs over which vLLM spreads the model when it samples."""
    overrides: tuple[str, ...] = ()
    """More of verl's Hydra options, such as `trainer.save_freq=10`; they win."""


class Launch(Section):
    """Where and how widely a job runs; no part of the run key, since the student is meant to be the same."""

    processes: int = Field(default=1, ge=1)
    """Of a machine, one GPU each."""
    machines: int = Field(default=1, ge=1)
    parallel: Literal["ddp", "zero2", "zero3", "fsdp"] = "ddp"
    """What the processes share out: the rows; also optimiser states and gradients (DeepSpeed ZeRO 2); also
    weights (ZeRO 3, PyTorch FSDP).
    """
    max_hours: float | None = Field(default=None, gt=0)
    """A job that runs longer is cancelled; its checkpoints stay."""
    trackers: tuple[str, ...] = ("tensorboard",)
    """Where TRL writes its curves: tensorboard, wandb, mlflow, trackio, …; its own files lie in `runs/`."""
    slurm: Slurm = Slurm()
    kubernetes: Kubernetes = Kubernetes()
    ray: Ray = Ray()
    verl: Verl = Verl()


class Training(Section):
    """What a changed corpus may start by itself: sensor `new_corpus`, which is stopped at first."""

    students: tuple[Word, ...] = ()
    """Files of recipes/students that are trained when the corpus has changed."""
    gpu_hours: float = Field(default=0.0, ge=0)
    """Budget of a calendar month, UTC; a student whose last run would exceed it is not started."""
