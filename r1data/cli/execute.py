"""Run Dagster jobs in this process: the same assets, order and checks as in the UI.

Dagster is imported here, when a verb needs it; the library itself knows nothing of it.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from r1data import ids, paths
from r1data.errors import GateError, R1DataError, RunInProgress
from r1data.lake import storage
from r1data.recipe.load import DEFAULT_RECIPE
from r1data.report.progress import keep_terminal

if TYPE_CHECKING:
    from dagster import DagsterInstance

PROCESS = "r1data/process"
"""Tag of a run: host, process id and start of the process that executes it."""


def run_jobs(jobs: Sequence[tuple[str, str]], recipe: Path | None) -> None:
    """Materialise every asset of each job for one partition, as `(job, partition)`, one job after the other.

    Raises:
        RunInProgress: another process runs jobs on this lake.
        GateError: a blocking check failed.
        R1DataError: whatever a stage raised.
    """
    chosen = recipe or Path(os.environ.get("R1DATA_RECIPE") or DEFAULT_RECIPE)
    run_stages((job, partition, chosen) for job, partition in jobs)


def run_stages(
    stages: Iterable[tuple[str, str, Path]], *, on_stage: Callable[[int], object] = lambda number: None
) -> None:
    """`run_jobs` where each job has a recipe of its own, as `(job, partition, recipe)`; `on_stage` is told
    the number of each, from 0, before it runs.

    Raises:
        RunInProgress, GateError, R1DataError: as `run_jobs`; what stages before it made stays.
    """
    os.environ["DAGSTER_HOME"] = str(paths.home())
    paths.home().mkdir(parents=True, exist_ok=True)
    keep_terminal()
    with one_run(paths.lake_root()):
        from dagster import DagsterInstance

        with DagsterInstance.get() as instance:
            _bury_the_dead(instance)
            for number, (job, partition, recipe) in enumerate(stages):
                on_stage(number)
                os.environ["R1DATA_RECIPE"] = str(recipe.resolve())
                _run_job(instance, job, partition)


def _run_job(instance: "DagsterInstance", job: str, partition: str) -> None:
    from dagster import DagsterError, DagsterEventType
    from dagster._core.errors import DagsterAssetCheckFailedError
    from dagster._core.utils import make_new_run_id

    from assets.definitions import defs

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    run_id = make_new_run_id()
    try:
        defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            partition_key=partition,
            run_config=quiet,
            run_id=run_id,
            tags={PROCESS: _this_process()},
        )
    except DagsterAssetCheckFailedError:
        pass  # it names the check, and not what the check found
    except DagsterError as error:
        raise _cause(error) from error
    for event in instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
        check = event.get_dagster_event().asset_check_evaluation_data
        if not check.passed and check.severity.value == "ERROR":
            asset = check.asset_key.to_user_string()
            raise GateError(f"Check {check.check_name} of {asset} failed: {check.description}")


def _bury_the_dead(instance: "DagsterInstance") -> None:
    """End runs of ours whose process was killed: others would wait for their places in Dagster's pools."""
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run and _is_dead(run.tags.get(PROCESS, "")):
            if not run.is_finished:
                instance.report_run_failed(run, "Its process ended without a word, as by kill -9.")
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def _this_process() -> str:
    process = psutil.Process()
    return f"{socket.gethostname()} {process.pid} {process.create_time()}"


def _is_dead(process: str) -> bool:
    """Whether a process of this machine has ended; of another machine, nobody here knows."""
    host, _, rest = process.partition(" ")
    if host != socket.gethostname():
        return False
    pid, _, began = rest.partition(" ")
    try:
        return str(psutil.Process(int(pid)).create_time()) != began
    except psutil.NoSuchProcess:
        return True


@contextmanager
def one_run(lake: str) -> Iterator[None]:
    """Hold the lake for this process; the lock is freed by the system when the process dies."""
    folder = paths.home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    root = lake if storage.is_s3(lake) else str(Path(lake).resolve())
    try:
        with FileLock(folder / f"{ids.digest(root)[:12]}.lock", timeout=0):
            yield
    except Timeout:
        raise RunInProgress(
            f"Another run is at work on {lake}. Wait for it to end; this one changed nothing."
        ) from None


def _cause(error: BaseException) -> BaseException:
    """The R1DataError behind a Dagster error; the error itself when there is none."""
    found: BaseException | None = error
    while found:
        if isinstance(found, R1DataError):
            return found
        found = found.__cause__ or found.__context__
    return error
