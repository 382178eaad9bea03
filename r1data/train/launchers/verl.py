"""A run of verl, written out from a student's recipe for people to start where verl is installed.

    students/NAME-0123…/verl/   run.sh  train.parquet  dataset.py | compute_score.py
                                checkpoints/  metrics-….jsonl  seconds   (by run.sh)
    students/NAME-0123…/model/  the student, put there by run.sh at its end

Training once more takes that model, and its curve, as if it had been trained here. What this does not do:
start anything, know whether a run goes on elsewhere, or watch for the alarms of [grpo].
"""

import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from r1data.errors import TrainError
from r1data.recipe import Grpo, Launch, Rewards, Sft
from r1data.text import OPEN
from r1data.train.exports import verl as rows_of_verl
from r1data.train.gate import gate, load_tokenizer
from r1data.train.job import CURVES, LOG, METRICS, MODEL, TOO_LONG, Job, write_json
from r1data.train.launchers.launcher import Status
from r1data.train.launchers.verl_options import TRAINERS, VERSION, Run, hydra, options
from r1data.train.prompts import opens_thought, prompts, tokenizer_of
from r1data.train.rewards import Reward

TRACE = pa.schema(
    [("rollout_id", pa.string()), ("input_ids", pa.list_(pa.int32())), ("n_prompt", pa.int32())]
)
POINTS = {
    "sft": {"loss": "train/loss", "learning_rate": "train/lr", "tokens": "train/global_tokens"},
    "grpo": {
        "loss": "actor/loss",
        "learning_rate": "actor/lr",
        "tokens": "perf/total_num_tokens",
        "reward": "critic/score/mean",
        "clipped": "response_length/clip_ratio",
        "entropy": "actor/entropy",
    },
}
"""Our numbers of a step, by what verl calls them; its tokens are those of the step."""


class Verl:
    """Writes a run of verl, or takes the student that it has made."""

    outlives = True
    poll_s = 1.0

    def __init__(self, launch: Launch) -> None:
        """Nothing is checked yet: what verl can do hangs on the job."""
        self._launch = launch

    def submit(self, job: Path, *, environment: Mapping[str, str]) -> str:
        """Take the student that a run has made; returns its folder.

        Raises:
            ConfigError: the recipe asks for what verl cannot do.
            GateError: a trace loses something by the student's chat template, or no row fits.
            TrainError: there is no student yet: the run was written, and the message says how to start it.
        """
        told, folder = Job.read(job), job.parent / "verl"
        curve = _curve(folder, told.trainer)
        if not curve or not (job.parent / MODEL).is_dir():
            write_run(told, self._launch)
            raise TrainError(
                f"Student {told.student} is trained elsewhere: its run is written. Where verl {VERSION} and "
                f"r1data are installed and this folder is seen, `bash {folder / 'run.sh'}`; then train again "
                "here, which takes the student that it has made."
            )
        seconds = [float(line) for line in (folder / "seconds").read_text().split()]
        metrics = orjson.loads((folder / "counts.json").read_bytes()) | {
            "curve": curve,
            "steps": curve[-1]["step"],
            "elapsed_s": sum(seconds),
            "peak_memory_bytes": None,
            "device": f"{self._gpus} GPUs of verl",
            "n_gpus": self._gpus,
            "versions": {"verl": VERSION},
        }
        write_json(job.parent / METRICS, metrics)
        return str(job.parent)

    @property
    def _gpus(self) -> int:
        return self._launch.processes * self._launch.machines

    def find(self, job: Path) -> str | None:
        """None: nobody here knows of a run elsewhere."""
        return None

    def poll(self, handle: str) -> Status:
        """`submit` has taken the student."""
        return Status("done")

    def cancel(self, handle: str) -> None:
        """There is nothing to end."""

    def logs(self, handle: str, lines: int = 50) -> str:
        """The last lines of what run.sh wrote."""
        log = Path(handle) / LOG
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def write_run(job: Job, launch: Launch) -> Path:
    """Write `verl/` into a job's folder; returns it. A run of the same job that goes on is not disturbed.

    Raises:
        ConfigError, GateError: as `Verl.submit`.
    """
    folder = Path(job.folder) / "verl"
    folder.mkdir(parents=True, exist_ok=True)
    table, too_long, beside = _traces(job) if job.trainer == "sft" else _prompts(job)
    found = options(Run(job, launch, table.num_rows, folder))
    told = (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in too_long)
    Path(job.folder, TOO_LONG).write_bytes(b"".join(told))
    unfinished = folder / ".train.parquet"
    pq.write_table(table, unfinished, compression="zstd")
    unfinished.replace(folder / "train.parquet")
    write_json(folder / "counts.json", {"n_rows": table.num_rows, "n_rows_too_long": len(too_long)})
    for name, text in {**beside, "run.sh": _script(job, command(job, launch, found))}.items():
        (folder / f".{name}").write_text(text, encoding="utf-8")
        (folder / f".{name}").replace(folder / name)
    return folder


def command(job: Job, launch: Launch, found: Mapping[str, Any]) -> list[str]:
    """The command line of verl's trainer."""
    told = [hydra(name, value) for name, value in found.items()]
    module = TRAINERS[job.trainer]
    if job.trainer == "sft":
        start = ["torchrun", "--standalone", f"--nproc-per-node={launch.processes}", "-m", module]
    else:
        start = ["python", "-m", module]
    limit = ["timeout", f"{launch.max_hours}h"] if launch.max_hours else []
    return [*limit, *start, *told, *launch.verl.overrides]


def _script(job: Job, words: list[str]) -> str:
    """run.sh: run.

    What it makes is put into place last. A run that was killed goes on from its last checkpoint.
    """
    folder = Path(job.folder)
    actor = "" if job.trainer == "sft" else "actor/"
    place = {name: shlex.quote(str(path)) for name, path in {"it": folder, "run": folder / "verl"}.items()}
    return textwrap.dedent(f"""\
        #!/usr/bin/env bash
        # Student {job.student} by verl {VERSION}.
        set -euo pipefail
        cd {place["run"]}
        exec > >(tee -a ../{LOG}) 2>&1
        trap 'echo "$SECONDS" >> seconds' EXIT
        export TENSORBOARD_DIR={place["it"]}/{CURVES}
        export VERL_FILE_LOGGER_PATH={place["run"]}/metrics-$(date +%s).jsonl
        {shlex.join(words)}
        step=$(cat checkpoints/latest_checkpointed_iteration.txt)
        rm -rf ../{MODEL}.unfinished ../{MODEL}
        cp -r "checkpoints/global_step_$step/{actor}huggingface" ../{MODEL}.unfinished
        mv ../{MODEL}.unfinished ../{MODEL}
        """)


def _traces(job: Job) -> tuple[pa.Table, list[Any], dict[str, str]]:
    """Rows, those that are too long, and the file that reads them."""
    with open(job.rows, "rb") as rows:
        tokenizer = load_tokenizer(Path(job.base))
        gated = gate(map(orjson.loads, rows), tokenizer, max_tokens=Sft(**job.settings["sft"]).max_tokens)
    table = pa.Table.from_pylist([vars(trace) for trace in gated.traces], schema=TRACE)
    source = Path(__file__).with_name("verl_dataset.py").read_text(encoding="utf-8")
    return table, gated.too_long, {"dataset.py": source}


def _prompts(job: Job) -> tuple[pa.Table, list[Any], dict[str, str]]:
    """Rows, those that are too long, and the reward function with the recipe's weights."""
    grpo, rewards = Grpo(**job.settings["grpo"]), Rewards(**job.settings["rewards"])
    Reward(rewards, end_tokens=(), max_tokens=max(grpo.max_tokens, rewards.soft_tokens))  # checks the weights
    tokenizer = tokenizer_of(Path(job.base), grpo.template)
    with open(job.rows, "rb") as rows:
        asked, too_long = prompts(map(orjson.loads, rows), tokenizer, max_tokens=grpo.max_prompt_tokens)
    kept = [
        rows_of_verl.row({**one.row, "messages": one.row["prompt"]}, place) for place, one in enumerate(asked)
    ]
    source = rows_of_verl.FORM.beside[rows_of_verl.FUNCTION].decode()
    values = {
        "WEIGHTS": rewards.weights,
        "PREFIX": f"{OPEN}\n" if opens_thought(asked) else "",
        "TEMPLATE": grpo.template,
    }
    for name, value in values.items():
        source = re.sub(rf"^{name} = .*$", lambda _, to=f"{name} = {value!r}": to, source, flags=re.MULTILINE)
    table = pa.Table.from_pylist(kept, schema=rows_of_verl.FORM.columns)
    return table, too_long, {rows_of_verl.FUNCTION: source}


def _curve(folder: Path, trainer: str) -> list[dict[str, float]]:
    """The steps of all runs; of a step that was run twice, the later one counts."""
    logged = {}
    for path in sorted(folder.glob("metrics-*.jsonl")):
        for line in path.read_bytes().splitlines():
            with suppress(orjson.JSONDecodeError):  # a kill in the midst of a line
                told = orjson.loads(line)
                logged[told["step"]] = told["data"]
    return list(_points(logged, POINTS[trainer]))


def _points(logged: Mapping[int, Mapping[str, Any]], names: Mapping[str, str]) -> Iterator[dict[str, float]]:
    tokens = 0.0
    for step in sorted(logged):
        numbers = {ours: float(logged[step][its]) for ours, its in names.items() if its in logged[step]}
        if "loss" in numbers:
            tokens += numbers.get("tokens", 0)
            yield {"step": step} | numbers | {"tokens": tokens}
