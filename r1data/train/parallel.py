"""What the processes of a job share out: arguments of transformers' trainers for [launch] parallel.

ddp     each process has the whole model and reads its share of the rows
zero2   optimiser states and gradients are shared out, too (DeepSpeed, https://arxiv.org/abs/1910.02054)
zero3   and weights
fsdp    the same as zero3 by PyTorch alone (https://arxiv.org/abs/2304.11277), version 2
"""

from importlib.util import find_spec
from typing import Any

import torch

from r1data.errors import ConfigError
from r1data.recipe import Launch

AUTO = "auto"
"""transformers puts the trainer's own argument in."""


def parallel_settings(launch: Launch, *, gradient_checkpointing: bool = False) -> dict[str, Any]:
    """Arguments of `transformers.TrainingArguments`.

    Args:
        launch: the student recipe's section.
        gradient_checkpointing: what the trainer is told; FSDP does it itself, which spares gathering weights
            once more.

    Raises:
        ConfigError: one process cannot share, there is no GPU for FSDP, or DeepSpeed is not installed.
    """
    if launch.parallel == "ddp":
        return {"gradient_checkpointing": gradient_checkpointing}
    if launch.processes * launch.machines == 1:
        raise ConfigError(
            f'[launch] parallel = "{launch.parallel}" shares a model out, but there is one process. Raise '
            'processes and use launcher torchrun, or set parallel = "ddp".'
        )
    if launch.parallel == "fsdp":
        if not torch.cuda.is_available():
            raise ConfigError(
                '[launch] parallel = "fsdp" needs GPUs: on a CPU accelerate shares out nothing, and does not '
                'say so. Set parallel = "ddp", or "zero2" or "zero3" with DeepSpeed.'
            )
        return {
            "fsdp": True,
            "fsdp_config": {
                "version": 2,
                "reshard_after_forward": True,
                "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
                "state_dict_type": "FULL_STATE_DICT",
                "activation_checkpointing": gradient_checkpointing,
            },
            "gradient_checkpointing": False,
        }
    if find_spec("deepspeed") is None:
        raise ConfigError(
            f'[launch] parallel = "{launch.parallel}" needs DeepSpeed, which is not installed: `pip install '
            'deepspeed`. parallel = "fsdp" needs nothing more.'
        )
    return {"deepspeed": _zero(launch.parallel), "gradient_checkpointing": gradient_checkpointing}


def _zero(parallel: str) -> dict[str, Any]:
    """A configuration of DeepSpeed (https://www.deepspeed.ai/docs/config-json)."""
    zero: dict[str, Any] = {
        "stage": int(parallel[-1]),
        "overlap_comm": True,
        "contiguous_gradients": True,
        "reduce_bucket_size": AUTO,
    }
    if parallel == "zero3":
        zero |= {
            "stage3_prefetch_bucket_size": AUTO,
            "stage3_param_persistence_threshold": AUTO,
            "stage3_gather_16bit_weights_on_model_save": True,
        }
    return {
        "bf16": {"enabled": AUTO},
        "gradient_clipping": AUTO,
        "gradient_accumulation_steps": AUTO,
        "train_batch_size": AUTO,
        "train_micro_batch_size_per_gpu": AUTO,
        "zero_optimization": zero,
    }
