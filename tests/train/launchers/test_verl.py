"""The files of a run; verl itself does not install beside this project."""

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from r1data.errors import ConfigError, TrainError
from r1data.generate.models import resolve
from r1data.recipe import Grpo, Launch, Lora, Rewards, Sft, Student
from r1data.train.exports import Export
from r1data.train.gate import gate, load_tokenizer
from r1data.train.job import TOO_LONG, Job
from r1data.train.launchers.verl import Verl
from r1data.train.student import TrainedStudent, train_student

pytestmark = pytest.mark.slow

SFT = Sft(epochs=1.5, batch_size=4, max_tokens=128)
GRPO = Grpo(
    preset="r1-stage1", replace_reference_every=0, steps=30, prompts_per_step=2, prompts_per_rollout=4
)
REWARDS = Rewards(weights={"accuracy": 2.0, "format": 0.5}, overlong="soft", soft_tokens=64)
EIGHT = Launch(processes=4, machines=2, parallel="fsdp", max_hours=2, trackers=("wandb",))
NAMES = """
algorithm.adv_estimator algorithm.norm_adv_by_std_in_grpo algorithm.use_kl_in_reward
actor_rollout_ref.model.path actor_rollout_ref.model.enable_gradient_checkpointing
actor_rollout_ref.model.custom_chat_template
data.train_files data.val_files data.val_max_samples data.train_batch_size data.max_prompt_length
data.max_response_length data.filter_overlong_prompts data.seed
data.custom_cls.path data.custom_cls.name data.max_length data.max_token_len_per_gpu
actor_rollout_ref.actor.optim.lr actor_rollout_ref.actor.optim.weight_decay
actor_rollout_ref.actor.optim.clip_grad actor_rollout_ref.actor.ppo_mini_batch_size
actor_rollout_ref.actor.ppo_epochs actor_rollout_ref.actor.use_dynamic_bsz
actor_rollout_ref.actor.ppo_max_token_len_per_gpu actor_rollout_ref.actor.clip_ratio
actor_rollout_ref.actor.clip_ratio_low actor_rollout_ref.actor.clip_ratio_high
actor_rollout_ref.actor.clip_ratio_c actor_rollout_ref.actor.use_kl_loss
actor_rollout_ref.actor.kl_loss_coef actor_rollout_ref.actor.kl_loss_type
actor_rollout_ref.actor.loss_agg_mode actor_rollout_ref.actor.loss_scale_factor
actor_rollout_ref.actor.data_loader_seed actor_rollout_ref.actor.fsdp_config.fsdp_size
actor_rollout_ref.actor.fsdp_config.reshard_after_forward
actor_rollout_ref.actor.checkpoint.save_contents
actor_rollout_ref.rollout.name actor_rollout_ref.rollout.n actor_rollout_ref.rollout.temperature
actor_rollout_ref.rollout.top_p actor_rollout_ref.rollout.seed
actor_rollout_ref.rollout.tensor_model_parallel_size
reward.custom_reward_function.path reward.reward_manager.name
model.path model.enable_gradient_checkpointing
optim.lr optim.lr_scheduler_type optim.min_lr_ratio optim.lr_warmup_steps optim.weight_decay
engine.seed engine.fsdp_size engine.reshard_after_forward checkpoint.save_contents
trainer.total_training_steps trainer.total_epochs trainer.max_actor_ckpt_to_keep
trainer.max_ckpt_to_keep trainer.seed trainer.val_before_train trainer.nnodes
trainer.n_gpus_per_node trainer.project_name trainer.experiment_name trainer.logger
trainer.default_local_dir trainer.save_freq trainer.test_freq trainer.resume_mode
"""
"""Options that the configuration of verl 0.9.1 has."""
KNOWN = frozenset(re.findall(r"\S+", NAMES))


PRETENDS = """#!/bin/bash
mkdir -p checkpoints/global_step_3
cp -r {model} checkpoints/global_step_3/huggingface
echo 3 > checkpoints/latest_checkpointed_iteration.txt
numbers='{{"train/loss":2.0,"train/lr":1e-4,"train/global_tokens":50}}'
echo '{{"step":3,"data":'"$numbers"'}}' > "$VERL_FILE_LOGGER_PATH"
"""
"""What verl's trainer leaves behind, as a program."""


@pytest.fixture
def sft_job(
    tiny_model: Path,
    mix_rows: Callable[[int], pl.DataFrame],
    export_rows: Callable[[pl.DataFrame, Path], Export],
    tmp_path: Path,
) -> Job:
    export = export_rows(mix_rows(10), tmp_path / "exports")
    return job(tmp_path / "it's", "sft", export.rows, tiny_model, {"sft": SFT})


@pytest.fixture
def grpo_job(tiny_model: Path, tmp_path: Path) -> Job:
    rows = tmp_path / "prompts.jsonl"
    asked = ["What is 2 + 3?", "What is 4 + 4?", "x" * 2_000, "1 + 1?", "2 + 2?"]
    told = [
        {
            "prompt_id": f"p{i}",
            "prompt": [{"role": "user", "content": text}],
            "verifier": "math",
            "reference": "5",
            "verifier_args": None,
            "domain": "math",
            "source": "sums",
        }
        for i, text in enumerate(asked)
    ]
    rows.write_bytes(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in told))
    return job(tmp_path / "grpo", "grpo", rows, tiny_model, {"grpo": GRPO, "rewards": REWARDS})


def job(folder: Path, trainer: str, rows: Path, base: Path, settings: dict[str, Any]) -> Job:
    folder.mkdir()
    told = {name: section.model_dump(mode="json") for name, section in settings.items()}
    return Job("tiny", "0" * 32, trainer, str(folder), str(rows), str(base), 7, told)


def written(job: Job, launch: Launch) -> tuple[Path, list[str], dict[str, str]]:
    """A run's folder, the words of its command before the options, and the options."""
    with pytest.raises(TrainError, match=r"run\.sh"):
        Verl(launch).submit(job.write(), environment={})
    folder = Path(job.folder) / "verl"
    subprocess.run(["bash", "-n", folder / "run.sh"], check=True)
    line = next(line for line in (folder / "run.sh").read_text().splitlines() if "verl.trainer" in line)
    words = shlex.split(line)
    at = next(i for i, word in enumerate(words) if word.startswith("verl.trainer.")) + 1
    return folder, words[:at], dict(word.split("=", 1) for word in words[at:])


def test_traces_are_the_tokens_that_passed_the_gate(sft_job: Job):
    folder, start, options = written(sft_job, Launch(processes=2))
    assert start == ["torchrun", "--standalone", "--nproc-per-node=2", "-m", "verl.trainer.sft_trainer"]
    assert options.keys() <= KNOWN
    assert options["optim.lr"] == "0.0001" and options["trainer.total_training_steps"] == "3"
    assert options["data.train_files"] == "'" + str(folder / "train.parquet").replace("'", "\\'") + "'"
    spec = importlib.util.spec_from_file_location("dataset", folder / "dataset.py")
    assert spec and spec.loader
    spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
    rows = module.Traces(str(folder / "train.parquet"), None, None)
    with open(sft_job.rows, "rb") as file:
        traces = gate(map(orjson.loads, file), load_tokenizer(Path(sft_job.base)), max_tokens=128).traces
    assert len(rows) == len(traces) == 10
    for row, trace in zip(map(rows.__getitem__, range(10)), traces, strict=True):
        assert row["input_ids"].tolist() == trace.input_ids
        assert row["loss_mask"].tolist() == [int(label >= 0) for label in trace.labels]


def test_a_run_of_grpo_says_what_the_recipe_says(grpo_job: Job):
    folder, start, options = written(grpo_job, EIGHT)
    assert start == ["timeout", "2.0h", "python", "-m", "verl.trainer.main_ppo"]
    assert {name for name in options if not name.startswith("+reward.reward_kwargs.")} <= KNOWN
    said = {name.rpartition(".")[2]: value for name, value in options.items()}
    assert said["clip_ratio_high"] == "10.0" and said["kl_loss_coef"] == "0.001" and said["n"] == "16"
    assert said["loss_agg_mode"] == "'seq-mean-token-mean'" and said["logger"] == "['console','file','wandb']"
    assert said["train_batch_size"] == "4" and said["ppo_mini_batch_size"] == "2"
    assert said["total_training_steps"] == "15"  # each has two steps of the optimiser
    assert said["nnodes"] == "2" and said["n_gpus_per_node"] == "4" and said["fsdp_size"] == "-1"
    rows = pl.read_parquet(folder / "train.parquet")
    assert rows.columns == ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    assert rows["extra_info"].struct.field("prompt_id").to_list() == ["p0", "p1", "p3", "p4"]
    assert b"p2" in Path(grpo_job.folder, TOO_LONG).read_bytes()
    reward: dict[str, Any] = {}
    exec((folder / "compute_score.py").read_text(), reward)
    found = reward["compute_score"]("sums", "<think>\n2+3\n</think>\n\n5", "5", {"verifier": "math"})
    assert found["score"] == 2.5


def test_a_run_of_r1_zero_reads_its_form(grpo_job: Job):
    grpo = GRPO.model_copy(update={"template": "r1_zero"})
    grpo_job.settings["grpo"] = grpo.model_dump(mode="json")
    folder, _, _ = written(grpo_job, EIGHT)
    reward: dict[str, Any] = {}
    exec((folder / "compute_score.py").read_text(), reward)
    text = "<think> 2 + 3 </think> <answer> 5 </answer>"
    found = reward["compute_score"]("sums", text, "5", {"verifier": "math"})
    assert found["accuracy"] == found["format"] == 1.0


def test_what_verl_cannot_do_is_refused_all_at_once(grpo_job: Job, sft_job: Job):
    lora, other = Lora().model_dump(mode="json"), Grpo(preset="r1-zero", bf16=False).model_dump(mode="json")
    asked = {"grpo": other, "rewards": Rewards().model_dump(mode="json"), "lora": lora}
    grpo_job.settings.update(asked)
    with pytest.raises(ConfigError) as error:
        Verl(Launch(trackers=("comet",))).submit(grpo_job.write(), environment={})
    for word in ("lora", "comet", "bf16", "replace_reference_every", "prompts_per_rollout", "overlong"):
        assert word in str(error.value)
    sft_job.settings["sft"] |= {"packing": True, "in_order": True, "batch_size": 5}
    with pytest.raises(ConfigError, match=r"packing.*in_order.*multiple of 2"):
        Verl(Launch(processes=2)).submit(sft_job.write(), environment={})


def test_run_sh_puts_the_student_into_place_and_the_next_training_takes_it(
    tiny_model: Path,
    mix_rows: Callable[[int], pl.DataFrame],
    export_rows: Callable[[pl.DataFrame, Path], Export],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    export = export_rows(mix_rows(10), tmp_path / "exports")
    student = Student(name="tiny", base="tiny", launcher="verl", sft=SFT)

    def train() -> TrainedStudent:
        return train_student(student, export, base=resolve(str(tiny_model)), recipe_name="t", mix="select 1")

    with pytest.raises(TrainError) as told:
        train()
    found = re.search(r"`bash (.*run\.sh)`", str(told.value))
    assert found
    trainer = tmp_path / "bin" / "torchrun"
    trainer.parent.mkdir()
    trainer.write_text(PRETENDS.format(model=shlex.quote(str(tiny_model))))
    trainer.chmod(0o755)
    environment = {"PATH": f"{trainer.parent}:/usr/bin:/bin"}
    subprocess.run(["bash", found[1]], check=True, env=environment, capture_output=True)
    trained = train()
    assert trained.curve == [{"step": 3, "loss": 2.0, "learning_rate": 1e-4, "tokens": 50.0}]
    assert trained.row["n_rows"] == 10 and trained.row["last_loss"] == 2.0 and not trained.cached
    assert train().cached
