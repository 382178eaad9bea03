"""A student is trained once: through kills, second triggers and rivals."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import psutil
import pytest

from r1data.errors import ConfigError, GateError, RunInProgress, StorageError, TrainError
from r1data.generate.models import resolve
from r1data.recipe import Lora, Sft, Student
from r1data.schema import TABLES
from r1data.train.exports import Export
from r1data.train.job import Progress
from r1data.train.student import TrainedStudent, current_student, train_student

pytestmark = pytest.mark.slow

STUDENT = Student(
    name="tiny",
    base="tiny",
    sft=Sft(learning_rate=3e-3, epochs=20, batch_size=4, max_tokens=128, bf16=False),
)
N_ROWS, STEPS, CHECKPOINT = 24, 120, 48


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("DAGSTER_HOME", str(folder))
        patch.setenv("OMP_NUM_THREADS", "1")  # so small a model only waits for its second thread
        yield folder


@pytest.fixture
def exported(
    home: Path,
    mix_rows: Callable[[int], pl.DataFrame],
    export_rows: Callable[[pl.DataFrame, Path], Export],
) -> Export:
    return export_rows(mix_rows(N_ROWS), home / "exports")


def train(
    export: Export, base: Path, student: Student = STUDENT, seen: list[Progress] | None = None
) -> TrainedStudent:
    told = [] if seen is None else seen
    return train_student(
        student,
        export,
        base=resolve(str(base)),
        recipe_name="test",
        mix="select 1",
        on_progress=told.append,
    )


def start(export: Export, base: Path) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("train_and_wait.py")
    return subprocess.Popen([sys.executable, script, STUDENT.model_dump_json(), base, export.folder])


def wait_for(condition: Callable[[], Any], timeout_s: float = 90) -> Any:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"nothing after {timeout_s} s")


@pytest.fixture(scope="module")
def undisturbed(
    tiny_model: Path,
    mix_rows: Callable[[int], pl.DataFrame],
    export_rows: Callable[[pl.DataFrame, Path], Export],
    tmp_path_factory: pytest.TempPathFactory,
) -> TrainedStudent:
    """The student of a job that nobody killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder))
        patch.setenv("OMP_NUM_THREADS", "1")
        return train(export_rows(mix_rows(N_ROWS), folder / "exports"), tiny_model)


def test_a_killed_job_refuses_rivals_then_resumes_and_is_then_a_cache_hit(
    home: Path, tiny_model: Path, exported: Export, undisturbed: TrainedStudent
):
    driver = start(exported, tiny_model)
    state = f"students/tiny-*/checkpoints/checkpoint-{CHECKPOINT}/trainer_state.json"
    wait_for(lambda: list(home.glob("students/tiny-*/job.json")))
    with pytest.raises(RunInProgress, match="Student tiny is being trained by another run"):
        train(exported, tiny_model)
    wait_for(lambda: list(home.glob(state)))
    trainers = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.wait()
    assert len(trainers) == 2, "a supervisor and the trainer"
    psutil.wait_procs(trainers, timeout=10)
    assert not any(trainer.is_running() for trainer in trainers), "the trainer outlived its parent"
    [checkpoints] = home.glob("students/tiny-*/checkpoints")
    torn = checkpoints / f"checkpoint-{STEPS - 1}"  # what a kill during a save leaves: no state at the end
    torn.mkdir()
    (torn / "trainer_state.json").write_text('{"global_step"')

    seen: list[Progress] = []
    trained = train(exported, tiny_model, seen=seen)
    assert [step.step for step in seen] == list(range(CHECKPOINT + 1, STEPS + 1))
    assert {step.steps for step in seen} == {STEPS}
    assert not trained.cached
    assert trained.row["steps"] == STEPS
    assert [point["step"] for point in trained.curve] == list(range(1, STEPS + 1))
    assert trained.row["last_loss"] < trained.row["first_loss"] / 2
    check_folder(home, trained)
    assert trained.curve == undisturbed.curve, "a resumed job goes the way of one that nobody killed"
    assert trained.row["revision"] == undisturbed.row["revision"]
    written = (home / "students" / trained.row["folder"]).with_name("written.jsonl").read_text()
    assert written == undisturbed.model.path.with_name("written.jsonl").read_text()
    assert orjson.loads(written.splitlines()[0])["reference"] == "<think>\n0 + 0 = 0.\n</think>\n\n0"
    assert list(home.glob("students/tiny-*/runs/events.out.tfevents.*")), "TensorBoard's curves"

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", refuse)
        again = train(exported, tiny_model)
    assert again.cached
    assert again.row == trained.row


def check_folder(home: Path, trained: TrainedStudent) -> None:
    folder = home / "students" / trained.row["folder"]
    config = orjson.loads((folder / "config.json").read_bytes())
    assert config["dtype"] == "bfloat16"
    assert trained.model.path == folder
    assert trained.model.chat_template
    assert trained.model.revision == trained.row["revision"] != trained.row["base_revision"]
    assert not (folder.parent / "checkpoints").exists()
    frame = trained.frame("2026-01-01", trained_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert frame.schema == TABLES["students"].schema
    assert [c for c in frame.columns if frame[c].has_nulls()] == ["first_reward", "last_reward"]
    assert current_student(frame.lazy(), "tiny").row == trained.row
    with pytest.raises(ConfigError, match="Student other was never trained"):
        current_student(frame.lazy(), "other")


def test_a_loss_that_is_no_number_stops_the_job_and_names_the_log(
    home: Path, tiny_model: Path, exported: Export
):
    wild = STUDENT.model_copy(
        update={"name": "wild", "sft": STUDENT.sft.model_copy(update={"learning_rate": 1e30})}
    )
    said = r"Training of wild failed: the (loss|norm of the gradient) is nan at step.*; see .*train\.log\."
    with pytest.raises(TrainError, match=said) as caught:
        train(exported, tiny_model, wild)
    assert "\n" not in str(caught.value)
    assert not list(home.glob("students/wild-*/student.json"))


def test_a_template_that_strips_thoughts_is_refused_before_training(
    home: Path, tiny_model: Path, tokenizer: Any, exported: Export, tmp_path: Path
):
    import copy
    import shutil

    base = shutil.copytree(tiny_model, tmp_path / "strips")
    stripping = copy.deepcopy(tokenizer)
    stripping.chat_template = tokenizer.chat_template.replace(
        "m['content']", "m['content'].split('</think>')[-1]"
    )
    stripping.save_pretrained(base)
    with pytest.raises(GateError, match=f"loses the thought and the end of the thought of rollout {0:032x}"):
        train(exported, base)


@dataclass(frozen=True)
class Ordered:
    """A student with adapters, which read its rows in their order."""

    trained: TrainedStudent
    seen: list[Progress]
    """Of the try that finished."""
    on_small_disk: bool
    """Whether there could be a try before, on a disk with room for one checkpoint."""
    stopped: StorageError | None
    """How that one ended."""


@pytest.fixture(scope="module")
def ordered(
    tiny_model: Path,
    mix_rows: Callable[[int], pl.DataFrame],
    export_rows: Callable[[pl.DataFrame, Path], Export],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ordered]:
    disk = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]
    small = subprocess.run(mount, capture_output=True).returncode == 0
    sft = STUDENT.sft.model_copy(update={"epochs": 1, "in_order": True, "batch_size": 1})
    # So large a rank that a checkpoint is as large as one of all weights.
    student = STUDENT.model_copy(update={"name": "ordered", "lora": Lora(rank=48), "sft": sft})
    stopped = None
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", str(disk))
            patch.setenv("OMP_NUM_THREADS", "1")
            exported = export_rows(mix_rows(N_ROWS), disk / "exports")
            if small:
                (disk / "ballast").write_bytes(b"0" * 2**20)
                try:
                    train(exported, tiny_model, student)
                except StorageError as error:
                    stopped = error
                (disk / "ballast").unlink()
                subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            seen: list[Progress] = []
            yield Ordered(train(exported, tiny_model, student, seen), seen, small, stopped)
    finally:
        if small:
            subprocess.run(["umount", "-l", disk], check=True)


def test_adapters_are_merged_into_the_student(tiny_model: Path, ordered: Ordered):
    trained = ordered.trained
    weights = [path.name for path in trained.model.path.glob("*.safetensors")]
    assert weights == ["model.safetensors"]
    assert trained.model.revision != resolve(str(tiny_model)).revision
    assert orjson.loads(trained.row["settings"])["lora"]["rank"] == 48


def test_rows_are_read_in_the_order_of_the_mix(ordered: Ordered):
    lengths = [
        len("<think>\n{a} + {b} = {c}.\n</think>\n\n{c}".format(a=i % 10, b=i // 10, c=i % 10 + i // 10))
        for i in range(N_ROWS)
    ]
    tokens = [0, *(point["tokens"] for point in ordered.trained.curve)]
    read = [after - before for before, after in pairwise(tokens)]
    assert [n - read[0] for n in read] == pytest.approx(
        [n - lengths[0] + len(str(i // 10)) - 1 for i, n in enumerate(lengths)], abs=2
    )
    assert len(set(read)) > 1


def test_a_disk_that_fills_at_a_checkpoint_keeps_the_last_one_and_a_second_try_goes_on(ordered: Ordered):
    if not ordered.on_small_disk:
        pytest.skip("no right to mount a small file system")
    assert "The disk is full, so training of ordered stopped" in str(ordered.stopped)
    assert [step.step for step in ordered.seen] == list(range(11, N_ROWS + 1)), (
        "the first checkpoint is of 10"
    )
    assert ordered.trained.row["steps"] == N_ROWS
