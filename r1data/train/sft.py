"""Supervised fine-tuning of all weights by TRL, a process of its own: `python -m r1data.train.sft job.json`.

    job.json ─ gate ─ SFTTrainer (checkpoints/) ─ model/ ─ metrics.json

Loss on the completion only; weights in float32, arithmetic in bfloat16 where the recipe says so; the
learning rate falls by a cosine to a tenth of its start, as DeepSeek-R1's did. One JSON line per
optimiser step goes to standard output, everything else to standard error. A killed job goes on from its
last whole checkpoint.
"""

import math
import os
import resource
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, TrainerControl, TrainerState
from transformers.trainer import TRAINER_STATE_NAME
from trl import SFTConfig, SFTTrainer

from r1data.errors import GateError, TrainError
from r1data.recipe import Sft
from r1data.train.gate import Gated, gate
from r1data.train.job import CHECKPOINTS, METRICS, MODEL, TOO_LONG, Job
from r1data.train.run_key import trainer_versions

MAX_SAVE_STEPS = 500
MIN_LEARNING_RATE = 0.1
PASS_TOKENS = {"cpu": 512, "cuda": 16_384}
"""Tokens of a forward pass, at most, unless one trace has more; activations grow with them."""


class Reporter(TrainerCallback):
    """Tells every step, and stops the job when the loss is no number."""

    def __init__(self, tell: Any) -> None:
        self.tell = tell

    def on_log(
        self,
        args: SFTConfig,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Turn a log entry of the trainer into a progress line."""
        if not logs or "loss" not in logs:
            return
        if not math.isfinite(float(logs["loss"])):
            raise TrainError(
                f"The loss is {logs['loss']} at step {state.global_step}. Lower learning_rate under [sft]."
            )
        self.tell({**_point({**logs, "step": state.global_step}), "steps": state.max_steps})

    def on_step_end(self, args: SFTConfig, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Leave out the checkpoint of the last step: the student itself is saved next."""
        if state.global_step >= state.max_steps:
            control.should_save = False


def main(path: str) -> None:
    """Run one job file; the exit status is 0 when the student is saved."""
    tell = _open_report()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    job = Job.read(Path(path))
    try:
        train(job, tell)
    except GateError as error:
        tell({"refusal": str(error)})
        sys.exit(1)


def train(job: Job, tell: Any) -> None:
    """Gate the rows, train, save the student (bfloat16 safetensors, tokenizer) and write the metrics."""
    sft, folder = Sft(**job.settings), Path(job.folder)
    tokenizer = AutoTokenizer.from_pretrained(job.base, local_files_only=True)
    with open(job.rows, "rb") as rows:
        gated = gate(map(orjson.loads, rows), tokenizer, max_tokens=sft.max_tokens)
    told = (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in gated.too_long)
    (folder / TOO_LONG).write_bytes(b"".join(told))
    data = Dataset.from_list([{"input_ids": t.input_ids, "labels": t.labels} for t in gated.traces])
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.float32, local_files_only=True),
        args=_config(sft, folder / CHECKPOINTS, gated, seed=job.seed),
        train_dataset=data,
        processing_class=tokenizer,
        callbacks=[Reporter(tell)],
    )
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=_last_whole_checkpoint(folder / CHECKPOINTS))
    elapsed_s = time.monotonic() - started
    _save(trainer, tokenizer, folder / MODEL)
    metrics = _metrics(trainer, gated, elapsed_s)
    (folder / METRICS).write_bytes(orjson.dumps(metrics, option=orjson.OPT_INDENT_2))
    shutil.rmtree(folder / CHECKPOINTS)


def _config(sft: Sft, checkpoints: Path, gated: Gated, *, seed: int) -> SFTConfig:
    on_gpu = torch.cuda.is_available()
    steps = math.ceil(math.ceil(len(gated.traces) / sft.batch_size) * sft.epochs)
    longest = sft.max_tokens if sft.packing else max(len(trace.input_ids) for trace in gated.traces)
    n_per_pass = _per_pass(sft.batch_size, longest, PASS_TOKENS["cuda" if on_gpu else "cpu"])
    return SFTConfig(
        output_dir=str(checkpoints),
        per_device_train_batch_size=n_per_pass,
        gradient_accumulation_steps=sft.batch_size // n_per_pass,
        num_train_epochs=sft.epochs,
        learning_rate=sft.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": MIN_LEARNING_RATE},
        warmup_steps=sft.warmup_steps,
        # The gate left out what is too long; None keeps TRL from cutting. Packing needs the length of a pack.
        max_length=sft.max_tokens if sft.packing else None,
        packing=sft.packing,
        # Batches of like length carry less padding; which traces share a batch changes little else.
        train_sampling_strategy="random" if sft.packing else "group_by_length",
        bf16=sft.bf16,
        gradient_checkpointing=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        seed=seed,
        save_strategy="steps",
        save_steps=min(max(math.ceil(steps * 0.4), 1), MAX_SAVE_STEPS),  # two checkpoints in a short job
        save_total_limit=1,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
    )


def _per_pass(batch_size: int, longest: int, tokens: int) -> int:
    """Traces of a forward pass: the largest divisor of a batch that keeps to `tokens`; 1 at least."""
    parts = [n for n in range(1, batch_size + 1) if batch_size % n == 0 and n * longest <= tokens]
    return max(parts, default=1)


def _last_whole_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint whose last file is there; torn ones are removed, lest the trainer take one."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if _is_json(checkpoint / TRAINER_STATE_NAME):
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None


def _is_json(path: Path) -> bool:
    try:
        orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return False
    return True


def _save(trainer: SFTTrainer, tokenizer: Any, folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    trainer.model.to(torch.bfloat16).save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _metrics(trainer: SFTTrainer, gated: Gated, elapsed_s: float) -> dict[str, Any]:
    return {
        "curve": [_point(entry) for entry in trainer.state.log_history if "loss" in entry],
        "steps": trainer.state.global_step,
        "elapsed_s": elapsed_s,  # of this process: what ran before a kill is not in it
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "n_rows": len(gated.traces),
        "n_rows_too_long": len(gated.too_long),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "versions": trainer_versions(),
    }


def _point(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "step": int(entry["step"]),
        "loss": float(entry["loss"]),
        "learning_rate": float(entry["learning_rate"]),
        "tokens": int(entry["num_tokens"]),
    }


def _open_report() -> Any:
    """A function that writes JSON lines to what was standard output; what libraries print goes to stderr."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return lambda told: pipe.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))


def _die_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open, then kill this process group."""
    while os.read(0, 1):  # the raw descriptor: a thread that waits in sys.stdin breaks the interpreter's exit
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
