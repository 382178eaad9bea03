"""A job is waited for through the files of its folder: what it tells, how it fails, and who ends it."""

import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from r1data.errors import GateError, StorageError, TrainError
from r1data.recipe import Launch
from r1data.train.follow import follow
from r1data.train.job import FAILURE, METRICS, PROGRESS, Failure, Job, Progress, failure_of
from r1data.train.launchers import local
from r1data.train.launchers.local import Local

SCRIPT = """
import json, os, sys, time
from pathlib import Path
job = json.loads(Path(sys.argv[1]).read_bytes())
folder = Path(job["folder"])
def tell(text):
    with open(folder / "progress.jsonl", "a") as file:
        file.write(text)
def step(n, loss):
    tell(json.dumps({"step": n, "steps": 3, "loss": loss}) + "\\n")
def fail(kind):
    (folder / "failure.json").write_text(json.dumps({"kind": kind, "message": kind + " it is."}))
    sys.exit(1)
"""


class Scripted(Local):
    """Jobs of this machine whose trainer is a script."""

    def __init__(self, script: Path) -> None:
        super().__init__(Launch())
        self.script = script

    def command(self, job: Path) -> list[str]:
        return [sys.executable, str(self.script), str(job)]


Train = Callable[..., list[Progress]]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    folder = tmp_path / "a job"
    folder.mkdir()
    return Job("s", "0" * 32, "sft", str(folder), "rows", "base", 0, {})


@pytest.fixture
def train(job: Job, tmp_path: Path) -> Train:
    def run(body: str, **arguments: float) -> list[Progress]:
        script = tmp_path / "trainer.py"
        script.write_text(SCRIPT + textwrap.dedent(body))
        seen: list[Progress] = []
        follow(job, Scripted(script), on_progress=seen.append, environment={"SAID": "hello"}, **arguments)
        return seen

    return run


def test_steps_come_in_order_and_lines_of_before_or_torn_ones_do_not(train: Train, job: Job):
    before = '{"step": 1, "steps": 3, "loss": 9.0}\n{"step": 2, "ste'  # a kill in the midst of a line
    (Path(job.folder) / PROGRESS).write_text(before)
    told = train(
        "tell('\\n'); step(2, 0.5); tell('{\"step\": 3,'); time.sleep(0.3); tell('\"steps\": 3}\\n')"
    )
    assert told == [Progress(2, 3, {"loss": 0.5}), Progress(3, 3, {})]


def test_the_environment_reaches_the_job(train: Train, job: Job):
    train("Path(folder / 'said').write_text(os.environ['SAID'])")
    assert (Path(job.folder) / "said").read_text() == "hello"


def test_without_memory_a_job_is_tried_once_more_with_half_the_rows_of_a_pass(train: Train):
    (only,) = train("fail('memory') if job['share_of_batch'] == 1 else step(1, job['share_of_batch'])")
    assert only.numbers == {"loss": 0.5}


def test_without_memory_twice_the_error_says_what_to_do(train: Train, job: Job):
    with pytest.raises(TrainError, match=r"s ran out of memory, and .* Lower max_tokens.*memory it is; "):
        train("step(1, 1.0); fail('memory')")
    assert (Path(job.folder) / PROGRESS).read_text().count("\n") == 2, "one retry"


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("gate", GateError, r"gate it is\."),
        ("disk", StorageError, "The disk is full, so training of s stopped; its last whole checkpoint"),
        ("stopped", TrainError, r"Training of s failed: stopped it is; see .*a job/train\.log\."),
        ("error", TrainError, "Training of s failed: error it is; see "),
    ],
)
def test_other_failures_are_not_retried_and_have_an_error_each(
    train: Train, job: Job, kind: str, error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        train(f"step(1, 1.0); fail({kind!r})")
    assert (Path(job.folder) / PROGRESS).read_text().count("\n") == 1


def test_what_has_ended_while_nobody_waited_is_taken(train: Train, job: Job):
    made = "(folder / 'model').mkdir(exist_ok=True); (folder / 'metrics.json').write_text('{}')"
    assert len(train(f"step(1, 1.0); {made}")) == 1
    assert train("fail('error')") == []
    (Path(job.folder) / METRICS).unlink()
    with pytest.raises(TrainError):
        train("fail('error')")


def test_an_error_is_out_of_memory_where_linux_says_so(train: Train, monkeypatch: pytest.MonkeyPatch):
    counted = iter(range(99))
    monkeypatch.setattr(local, "kills_for_memory", lambda: next(counted))
    (only,) = train("fail('error') if job['share_of_batch'] == 1 else step(1, 0.5)")
    assert only.numbers == {"loss": 0.5}


def test_a_job_that_says_nothing_is_named_by_how_it_died_and_by_its_last_words(train: Train):
    with pytest.raises(TrainError, match="s failed: killed by SIGKILL: last words; see"):
        train("print('last words', file=sys.stderr, flush=True); os.kill(os.getpid(), 9)")


def test_a_failure_of_before_is_not_taken_for_that_of_the_next_run(train: Train, job: Job):
    with pytest.raises(GateError):
        train("fail('gate')")
    assert failure_of(Path(job.folder)) == Failure("gate", "gate it is.")
    train("step(1, 1.0)")
    assert not (Path(job.folder) / FAILURE).exists()


def test_a_job_beyond_its_hours_is_cancelled(train: Train, job: Job):
    began = time.monotonic()
    with pytest.raises(TrainError, match=r"ran longer than 0\.001 hours, which max_hours"):
        train("(folder / 'pid').write_text(str(os.getpid())); time.sleep(60)", max_hours=1e-3)
    assert time.monotonic() - began < 30
    assert not psutil.pid_exists(int((Path(job.folder) / "pid").read_text()))


def test_whoever_interrupts_the_wait_ends_the_job(job: Job, tmp_path: Path):
    script = tmp_path / "trainer.py"
    script.write_text(SCRIPT + "step(os.getpid(), 1.0); time.sleep(60)")
    seen = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress.step)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(job, Scripted(script), on_progress=interrupt, environment={})
    assert not psutil.pid_exists(seen[0])


def test_logs_are_the_last_lines(job: Job, tmp_path: Path):
    script = tmp_path / "trainer.py"
    script.write_text("import sys\nfor n in range(9):\n    print(n, file=sys.stderr)")
    launcher = Scripted(script)
    handle = launcher.submit(job.write(), environment={})
    while launcher.poll(handle).state == "running":
        time.sleep(0.05)
    assert launcher.logs(handle, 2) == "7\n8\n"
