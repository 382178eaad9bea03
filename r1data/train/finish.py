"""What a trainer leaves at its end: the student, whole or not at all, and its metrics."""

import json
import resource
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers.trainer import Trainer

from r1data.train.child import Point, is_first, n_processes
from r1data.train.job import CHECKPOINTS, METRICS, MODEL, Job, write_json
from r1data.train.run_key import trainer_versions


def finish(
    trainer: Trainer, job: Job, tokenizer: Any, *, point: Point, elapsed_s: float, **measured: Any
) -> None:
    """Save the student and its metrics, and remove the checkpoints.

    Args:
        trainer: after its last step.
        job: the job.
        tokenizer: the student's, with its chat template.
        point: as the Reporter has it.
        elapsed_s: seconds of training.
        measured: more for metrics.json, such as n_rows.
    """
    folder = Path(job.folder)
    _save(trainer, tokenizer, folder / MODEL)
    if not is_first():
        return
    entries = [entry for entry in trainer.state.log_history if "loss" in entry]
    curve = [{"step": entry["step"]} | numbers for entry in entries if (numbers := point(entry))]
    metrics = {
        "curve": curve,
        "steps": trainer.state.global_step,
        "elapsed_s": elapsed_s,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "n_gpus": n_processes() if torch.cuda.is_available() else 0,
        "versions": trainer_versions(),
        **measured,
    }
    write_json(folder / METRICS, metrics)
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


def _save(trainer: Trainer, tokenizer: Any, folder: Path) -> None:
    """bfloat16 safetensors and the tokenizer, all or nothing; adapters are merged into the weights."""
    unfinished = folder.with_suffix(".unfinished")
    if is_first():
        shutil.rmtree(unfinished, ignore_errors=True)
    if trainer.is_deepspeed_enabled or trainer.is_fsdp_enabled:
        trainer.save_model(str(unfinished))  # gathers what the processes share out
        if is_first():
            to_bfloat16(unfinished)
    elif is_first():
        model = trainer.accelerator.unwrap_model(trainer.model)
        model = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
        model.to(torch.bfloat16).save_pretrained(unfinished)
    if is_first():
        tokenizer.save_pretrained(unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)


def to_bfloat16(folder: Path) -> None:
    """Round the weights of a model folder."""
    for path in sorted(folder.glob("*.safetensors")):
        weights = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(path).items()}
        save_file(weights, path, metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_bytes())
    write_json(folder / "config.json", config | {"dtype": "bfloat16"})
