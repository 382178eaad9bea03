"""What every trainer has in common: a process of its own that reads `job.json` and writes what came of it.

    python -m r1data.train.TRAINER job.json

What libraries print goes to standard error. Of several processes that train together, the first one tells
and saves.
"""

import json
import math
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME, Trainer

from r1data.recipe import Launch, Lora
from r1data.train.failing import Stopped, classified
from r1data.train.job import (
    CHECKPOINTS,
    CURVES,
    FAILURE,
    PROGRESS,
    Job,
    write_json,
)
from r1data.train.parallel import parallel_settings

Tell = Callable[[dict[str, Any]], None]
"""Appends step, steps and numbers to progress.jsonl."""
Say = Callable[[str], None]
"""Tells people: into the log and, of a run of Dagster, into its events."""
Point = Callable[[dict[str, Any]], dict[str, float] | None]
"""The numbers of an entry of the trainer's log; None of one that is no optimiser step."""
MAX_SAVE_STEPS = 500
PASS_TOKENS = 16_384
"""Tokens of a forward pass, at most, unless one row has more; activations grow with them."""
PASS_LOGITS = 512 * 49_152
"""On a CPU, also tokens × vocabulary of a forward pass, at most: what the loss is computed from."""


class Reporter(TrainerCallback):
    """Tells every step, and stops the job when the loss is no number."""

    def __init__(self, tell: Tell, point: Point) -> None:
        self.tell, self.point = tell, point
        self.started = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Time begins."""
        self.started = time.monotonic()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Turn a log entry of the trainer into a progress line."""
        if not logs or "loss" not in logs:
            return
        for name, what in ("loss", "loss"), ("grad_norm", "norm of the gradient"):
            if not math.isfinite(float(logs.get(name) or 0)):
                raise Stopped(
                    f"the {what} is {logs[name]} at step {state.global_step}; the last good checkpoint is "
                    "kept. Lower learning_rate in the student's recipe"
                )
        if numbers := self.point(logs):
            elapsed_s = round(time.monotonic() - self.started, 3)
            self.tell({"step": state.global_step, "steps": state.max_steps, "elapsed_s": elapsed_s} | numbers)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Leave out the checkpoint of the last step: the student itself is saved next."""
        if state.global_step >= state.max_steps:
            control.should_save = False


def run(train: Callable[[Job, Tell, Say], None]) -> None:
    """Run the job file that the command line names; a failure is written down, with exit status 1."""
    sys.stdout = sys.stderr
    job = Job.read(Path(sys.argv[1]))
    folder = Path(job.folder)
    try:
        with _dagster() as say, (folder / PROGRESS).open("ab", buffering=0) as progress:
            if is_first() and progress.tell():
                progress.write(b"\n")  # a kill may have left half a line

            def tell(numbers: dict[str, Any]) -> None:
                if is_first():
                    progress.write(orjson.dumps(numbers, option=orjson.OPT_APPEND_NEWLINE))

            train(job, tell, say)
    except Exception as error:  # the boundary of the process: whatever it was, the parent is told
        failure = classified(error)
        if failure.kind == "disk":
            last_whole_checkpoint(folder / CHECKPOINTS)  # room for the words: a torn checkpoint is of no use
        traceback.print_exc()
        # Where one process of several failed, the others lose it, which is not why.
        if failure.kind != "error" or not (folder / FAILURE).exists():
            write_json(folder / FAILURE, asdict(failure))
        sys.stderr.flush()
        os._exit(1)  # the others of the group wait in a barrier that atexit handlers would wait for, too


@contextmanager
def _dagster() -> Iterator[Say]:
    """Speak to the run of Dagster that started this process, if one did."""

    def to_log(text: str) -> None:
        if is_first():
            print(text, file=sys.stderr, flush=True)

    if "DAGSTER_PIPES_CONTEXT" not in os.environ or not is_first():
        yield to_log
        return
    from dagster_pipes import open_dagster_pipes

    with open_dagster_pipes() as pipes:

        def say(text: str) -> None:
            to_log(text)
            pipes.log.info(text)

        yield say


def is_first() -> bool:
    """Whether this process is the first, or only one, of those that train together."""
    return os.environ.get("RANK", "0") == "0"


def n_processes() -> int:
    """Processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def base_config(
    job: Job,
    *,
    batch_size: int,
    longest: int,
    steps: int,
    vocabulary: int,
    bf16: bool,
    gradient_checkpointing: bool | None,
) -> dict[str, Any]:
    """Arguments that all trainers of transformers have.

    Args:
        job: the job.
        batch_size: rows of an optimiser step, over all processes, which divide it.
        longest: tokens of the longest row.
        steps: optimiser steps of the whole job, about; decides when checkpoints are saved.
        vocabulary: tokens that the model knows.
        bf16: arithmetic in bfloat16; weights stay in float32.
        gradient_checkpointing: None is on a GPU.
    """
    on_gpu = torch.cuda.is_available()
    folder, launch = Path(job.folder), Launch(**job.launch)
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(folder / CURVES)
    room = PASS_TOKENS if on_gpu else min(PASS_TOKENS, PASS_LOGITS // vocabulary)
    n_per_pass = per_pass(batch_size // n_processes(), longest, room, share=job.share_of_batch)
    checkpointing = on_gpu if gradient_checkpointing is None else gradient_checkpointing
    return {
        "output_dir": str(folder / CHECKPOINTS),
        "per_device_train_batch_size": n_per_pass,
        "gradient_accumulation_steps": batch_size // n_processes() // n_per_pass,
        "bf16": bf16,
        **parallel_settings(launch, gradient_checkpointing=checkpointing),
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "seed": job.seed,
        "save_strategy": "steps",
        "save_steps": min(max(math.ceil(steps * 0.4), 1), MAX_SAVE_STEPS),  # two checkpoints in a short job
        "save_total_limit": 1,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": list(launch.trackers) or "none",
        "run_name": Path(job.folder).name,
        "disable_tqdm": True,
    }


def adapters(job: Job) -> Any:
    """The adapters that the recipe asks for, as PEFT wants them; None where all weights are trained."""
    if not job.settings.get("lora"):
        return None
    from peft import LoraConfig

    lora = Lora(**job.settings["lora"])
    modules = lora.modules if isinstance(lora.modules, str) else list(lora.modules)
    return LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=modules)


def fit(trainer: Trainer, job: Job, say: Say) -> float:
    """Train, from the last whole checkpoint where there is one; returns the seconds that it took, with those
    of processes that were killed, up to their last step.
    """
    before_s = earlier_s(Path(job.folder) / PROGRESS)
    checkpoint = last_whole_checkpoint(Path(job.folder) / CHECKPOINTS)
    if checkpoint:
        state = TrainerState.load_from_json(str(Path(checkpoint) / TRAINER_STATE_NAME))
        trainer._total_train_tokens = state.log_history[-1].get("num_tokens", 0)  # TRL's count begins anew
        say(f"{job.student} goes on from {checkpoint}")
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=checkpoint)
    return before_s + time.monotonic() - started


def earlier_s(progress: Path) -> float:
    """Seconds that processes of a job trained until now, each up to the last step that it told."""
    told = [0.0]
    for line in progress.read_bytes().splitlines():
        with suppress(orjson.JSONDecodeError):  # a kill in the midst of a line
            told.append(orjson.loads(line)["elapsed_s"])
    return sum(last for last, after in pairwise([*told, 0.0]) if after < last)


def per_pass(batch_size: int, longest: int, tokens: int, *, share: float = 1.0) -> int:
    """Rows of a forward pass: the largest divisor of a batch that keeps to `tokens`; 1 at least.

    Args:
        batch_size: rows of an optimiser step.
        longest: tokens of the longest row.
        tokens: of a forward pass, at most.
        share: of the rows that fit so, at most; below 1 after memory ran out.

    Raises:
        MemoryError: it was one row already.
    """
    parts = [n for n in range(1, batch_size + 1) if batch_size % n == 0]
    most = max((n for n in parts if n * longest <= tokens), default=1)
    if most == 1 and share < 1:
        raise MemoryError(f"memory ran out with one row of up to {longest:,} tokens in a forward pass")
    return max(n for n in parts if n <= max(1, most * share))


def last_whole_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint whose last file is there; torn ones are removed, lest the trainer take one."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if _is_json(checkpoint / TRAINER_STATE_NAME):
            whole.append(checkpoint)
        elif is_first():
            shutil.rmtree(checkpoint)
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())  # orjson takes no NaN
    except (FileNotFoundError, ValueError):
        return False
    return True
