"""Supervised fine-tuning by TRL, a process of its own: `python -m r1data.train.sft job.json`.

    job.json ─ gate ─ SFTTrainer (checkpoints/) ─ model/ ─ metrics.json

Loss on the completion only; weights in float32, arithmetic in bfloat16 where the recipe says so; the
learning rate falls by a cosine to a tenth of its start, as DeepSeek-R1's did. A killed job goes on from its
last whole checkpoint, with the very batches that it would have seen.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import torch
from datasets import Dataset
from torch.utils.data import Sampler
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainingArguments
from trl import SFTConfig, SFTTrainer

from r1data.recipe import Sft
from r1data.train import child
from r1data.train.finish import finish
from r1data.train.gate import Gated, TooLong, gate
from r1data.train.job import TOO_LONG, WRITTEN, Job

MIN_LEARNING_RATE = 0.1
N_WRITTEN = 4
"""Prompts of its rows that the finished student is asked."""
MAX_WRITTEN_TOKENS = 512


class Shuffled(Sampler[int]):
    """Rows in an order that hangs on seed and epoch alone: a resumed job sees what it would have seen.

    What an optimiser's batch holds is chance; within it, rows of like length stand together, so that forward
    passes carry less padding. Batches of like length would be batches of like problems, from which a small
    student learns far less.
    """

    def __init__(self, lengths: Sequence[int], *, batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate at the start of an epoch, from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        chance = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=chance).tolist()
        for start in range(0, len(order), self.batch_size):
            yield from sorted(order[start : start + self.batch_size], key=lambda row: -self.lengths[row])


class Trainer(SFTTrainer):
    """TRL's, with batches that a resumed job repeats."""

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler | None:
        if self.args.packing or self.args.train_sampling_strategy == "sequential":
            return super()._get_train_sampler(train_dataset)
        rows = self.train_dataset if train_dataset is None else train_dataset
        return shuffled(self.args, list(map(len, rows["input_ids"])))


def shuffled(args: TrainingArguments, lengths: Sequence[int]) -> Shuffled:
    """The order of rows of some lengths, for a trainer of transformers."""
    batch_size = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
    return Shuffled(lengths, batch_size=batch_size, seed=args.seed)


def train(job: Job, tell: child.Tell, say: child.Say) -> None:
    """Gate the rows, train, save the student (bfloat16 safetensors, tokenizer) and write the metrics."""
    sft, folder = Sft(**job.settings["sft"]), Path(job.folder)
    tokenizer = AutoTokenizer.from_pretrained(job.base, local_files_only=True)
    with open(job.rows, "rb") as rows:
        gated = gate(map(orjson.loads, rows), tokenizer, max_tokens=sft.max_tokens)
    write_too_long(folder, gated.too_long)
    trainer = Trainer(
        model=AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.float32, local_files_only=True),
        args=_config(job, sft, gated, len(tokenizer)),
        train_dataset=Dataset.from_list(
            [{"input_ids": trace.input_ids, "labels": trace.labels} for trace in gated.traces]
        ),
        processing_class=tokenizer,
        callbacks=[child.Reporter(tell, point)],
        peft_config=child.adapters(job),
    )
    say(f"{job.student}: {len(gated.traces):,} traces, {len(gated.too_long):,} too long")
    elapsed_s = child.fit(trainer, job, say)
    if child.n_processes() == 1:
        _write(trainer, tokenizer, gated, folder / WRITTEN)
    counts = {"n_rows": len(gated.traces), "n_rows_too_long": len(gated.too_long)}
    finish(trainer, job, tokenizer, point=point, elapsed_s=elapsed_s, **counts)


def point(entry: dict[str, Any]) -> dict[str, float]:
    """The numbers of a step."""
    return {
        "loss": float(entry["loss"]),
        "learning_rate": float(entry["learning_rate"]),
        "tokens": int(entry["num_tokens"]),
    }


def write_too_long(folder: Path, too_long: Iterable[TooLong]) -> None:
    """Name the rows that were left out."""
    told = (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in too_long)
    (folder / TOO_LONG).write_bytes(b"".join(told))


def _config(job: Job, sft: Sft, gated: Gated, vocabulary: int) -> SFTConfig:
    longest = sft.max_tokens if sft.packing else max(len(trace.input_ids) for trace in gated.traces)
    return SFTConfig(
        **child.base_config(
            job,
            batch_size=sft.batch_size,
            longest=longest,
            steps=math.ceil(math.ceil(len(gated.traces) / sft.batch_size) * sft.epochs),
            vocabulary=vocabulary,
            bf16=sft.bf16,
            gradient_checkpointing=sft.gradient_checkpointing,
        ),
        num_train_epochs=sft.epochs,
        learning_rate=sft.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": MIN_LEARNING_RATE},
        warmup_steps=sft.warmup_steps,
        # The gate left out what is too long; None keeps TRL from cutting. Packing needs the length of a pack.
        max_length=sft.max_tokens if sft.packing else None,
        packing=sft.packing,
        train_sampling_strategy="sequential" if sft.in_order else "random",
    )


def _write(trainer: SFTTrainer, tokenizer: Any, gated: Gated, path: Path) -> None:
    """What the student writes, greedily, to the first prompts of its rows, beside what it was taught."""
    model = trainer.accelerator.unwrap_model(trainer.model).eval()
    lines = []
    for trace in gated.traces[:N_WRITTEN]:
        asked = torch.tensor([trace.input_ids[: trace.n_prompt]], device=model.device)
        taught = trace.input_ids[trace.n_prompt :]
        with torch.no_grad():
            wrote = model.generate(
                input_ids=asked,
                attention_mask=torch.ones_like(asked),
                max_new_tokens=min(2 * len(taught), MAX_WRITTEN_TOKENS),
                do_sample=False,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
                use_cache=True,
            )
        prompt, completion, reference = (
            tokenizer.decode(ids, skip_special_tokens=skip).strip()
            for ids, skip in ((asked[0], False), (wrote[0, trace.n_prompt :], True), (taught, True))
        )
        lines.append({"prompt": prompt, "completion": completion, "reference": reference})
    path.write_bytes(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))


if __name__ == "__main__":
    child.run(train)
