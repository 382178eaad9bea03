"""A reward model by TRL, a process of its own: `python -m r1data.train.reward_model job.json`.

    job.json ─ pairs ─ RewardTrainer (checkpoints/) ─ held-out pairs ─ model/ ─ metrics.json

The base loses its last layer, which chose the next token, and gets one that gives a number. What is learnt is
that the better trace has the larger one (Bradley & Terry 1952; https://arxiv.org/abs/2203.02155, equation 1).
The job says how often that holds for pairs of prompts that it never saw, before weights are rounded to
bfloat16, and how often the longer trace is the better one, which a model must beat to know more than length.
"""

import math
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson
from datasets import Dataset
from torch.utils.data import Sampler
from trl import RewardConfig, RewardTrainer

from r1data.judge.kappa import share
from r1data.recipe import RewardModel
from r1data.train import child
from r1data.train.finish import finish
from r1data.train.gate import load_tokenizer
from r1data.train.job import Job
from r1data.train.pairs import Pair, Pairs, pairs
from r1data.train.preference import Reading
from r1data.train.reader_child import numbers
from r1data.train.sft import MIN_LEARNING_RATE, shuffled, write_too_long

CENTRED = 0.01
"""Weight of the mean square of numbers in the loss (https://arxiv.org/abs/2312.09244). Pairs decide
differences alone; this draws their mean to 0, so that a reward of 0.5 stands for it.
"""


class Trainer(RewardTrainer):
    """TRL's, with batches that a resumed job repeats."""

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler:
        rows = self.train_dataset
        lengths = [max(map(len, both)) for both in zip(rows["chosen_ids"], rows["rejected_ids"], strict=True)]
        return shuffled(self.args, lengths)


def train(job: Job, tell: child.Tell, say: child.Say) -> None:
    """Gate the pairs, train, test, and save the reward model (bfloat16 safetensors) and the metrics."""
    wanted, folder = RewardModel(**job.settings["reward_model"]), Path(job.folder)
    reading = Reading(wanted.reads, wanted.max_tokens)
    tokenizer = load_tokenizer(Path(job.base))
    with open(job.rows, "rb") as rows:
        read = pairs(map(orjson.loads, rows), tokenizer, reading=reading, heldout=wanted.heldout)
    write_too_long(folder, read.too_long)
    trainer = Trainer(
        model=job.base,
        args=_config(job, wanted, read),
        train_dataset=Dataset.from_list(
            [{"chosen_ids": pair.chosen, "rejected_ids": pair.rejected} for pair in read.train]
        ),
        processing_class=tokenizer,
        callbacks=[child.Reporter(tell, point)],
        peft_config=_adapters(job),
    )
    trainer.model.config.update(reading.told())
    say(f"{job.student}: {len(read.train):,} pairs, {len(read.too_long):,} too long")
    elapsed_s = child.fit(trainer, job, say)
    tested = _tested(trainer, read.heldout)
    counts = {"n_rows": len(read.train), "n_rows_too_long": len(read.too_long), "n_rows_alike": read.n_alike}
    finish(trainer, job, tokenizer, point=point, elapsed_s=elapsed_s, heldout=tested, **counts)


def point(entry: dict[str, Any]) -> dict[str, float]:
    """The numbers of a step; `accuracy` is the share of its pairs whose better trace has the larger number,
    and `margin` by how much.
    """
    same = ("loss", "learning_rate", "accuracy", "margin")
    return {name: float(entry[name]) for name in same} | {"tokens": int(entry["num_tokens"])}


def _config(job: Job, wanted: RewardModel, read: Pairs) -> RewardConfig:
    return RewardConfig(
        **child.base_config(
            job,
            batch_size=wanted.batch_size,
            longest=2 * max(pair.n_tokens for pair in read.train),
            steps=math.ceil(math.ceil(len(read.train) / wanted.batch_size) * wanted.epochs),
            vocabulary=1,  # it gives one number a token, so no logits fill the memory
            bf16=wanted.bf16,
            gradient_checkpointing=wanted.gradient_checkpointing,
        ),
        num_train_epochs=wanted.epochs,
        learning_rate=wanted.learning_rate,
        warmup_steps=wanted.warmup_steps,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": MIN_LEARNING_RATE},
        max_length=None,  # the gate left out what is too long
        center_rewards_coefficient=CENTRED,
        model_init_kwargs={"local_files_only": True},
    )


def _adapters(job: Job) -> Any:
    """The recipe's adapters; the layer that gives the number is new, and is trained whole."""
    made = child.adapters(job)
    if made:
        made.task_type, made.modules_to_save = "SEQ_CLS", ["score"]
    return made


def _tested(trainer: Trainer, heldout: list[Pair]) -> dict[str, Any] | None:
    """How often the better trace of a pair gets the larger number, with a 95 % interval over pairs."""
    if not heldout:
        return None
    told = numbers(
        trainer.model_wrapped.eval(),
        [ids for pair in heldout for ids in (pair.chosen, pair.rejected)],
        pad_token_id=trainer.model.config.get_text_config().pad_token_id,
    )
    hits = [better > worse for better, worse in zip(told[0::2], told[1::2], strict=True)]
    found = share(hits)
    return {
        "n_pairs": len(heldout),
        "accuracy": found.value,
        "low": found.low,
        "high": found.high,
        "longer_is_better": fmean(len(pair.chosen) > len(pair.rejected) for pair in heldout),
        "shorter_is_better": fmean(len(pair.chosen) < len(pair.rejected) for pair in heldout),
    }


if __name__ == "__main__":
    child.run(train)
