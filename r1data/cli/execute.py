"""Run Dagster jobs in this process: the same assets, order and checks as in the UI.

Dagster is imported here, when a verb needs it; the library itself knows nothing of it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from r1data import ids, paths
from r1data.errors import GateError, R1DataError, RunInProgress
from r1data.lake import storage
from r1data.recipe.load import DEFAULT_RECIPE

if TYPE_CHECKING:
    from dagster import DagsterInstance


def run_jobs(jobs: Sequence[tuple[str, str]], recipe: Path | None) -> None:
    """Materialise every asset of each job for one partition, as `(job, partition)`, one job after the other.

    Raises:
        RunInProgress: another process runs jobs on this lake.
        GateError: a blocking check failed.
        R1DataError: whatever a stage raised.
    """
    chosen = recipe or Path(os.environ.get("R1DATA_RECIPE") or DEFAULT_RECIPE)
    os.environ["R1DATA_RECIPE"] = str(chosen.resolve())
    os.environ["DAGSTER_HOME"] = str(paths.home())
    paths.home().mkdir(parents=True, exist_ok=True)
    with one_run(paths.lake_root()):
        from dagster import DagsterInstance

        with DagsterInstance.get() as instance:
            for job, partition in jobs:
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
            instance=instance, partition_key=partition, run_config=quiet, run_id=run_id
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
