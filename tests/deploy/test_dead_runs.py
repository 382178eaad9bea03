"""Runs whose code server was killed, as the next one finds them."""

import subprocess
import sys

import dagster as dg

from tests.deploy.files import DEPLOY


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def job() -> None:
    """One op."""
    nothing()


def test_runs_under_way_failed_and_free_their_places_and_others_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("concurrency: {pools: {default_limit: 1}}")
    with dg.DagsterInstance.get() as instance:
        statuses = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.SUCCESS)
        runs = [instance.create_run_for_job(job, status=status) for status in statuses]
        storage = instance.event_log_storage
        storage.set_concurrency_slots("trainer", 1)
        assert storage.claim_concurrency_slot("trainer", runs[0].run_id, "nothing").is_claimed
        assert storage.claim_concurrency_slot("trainer", runs[1].run_id, "nothing").is_claimed is False
        said = subprocess.run(
            [sys.executable, DEPLOY / "end_dead_runs.py"], capture_output=True, text=True, check=True
        )
        assert said.stdout == f"run {runs[0].run_id} ended with its code server\n"
        found = [instance.get_run_by_id(run.run_id).status for run in runs]
        assert found == [dg.DagsterRunStatus.FAILURE, *statuses[1:]]
        assert storage.claim_concurrency_slot("trainer", runs[1].run_id, "nothing").is_claimed
