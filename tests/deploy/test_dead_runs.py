"""Runs whose code server was killed, as the next one finds them."""

import logging
import subprocess
import sys
from types import SimpleNamespace

import dagster as dg
from dagster._daemon.monitoring.concurrency import execute_concurrency_slots_iteration

from tests.deploy.files import DEPLOY
from tests.waiting import until


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def job() -> None:
    """One op."""
    nothing()


def test_runs_under_way_failed_and_free_their_places_and_others_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(
        "run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 1}\n"
        "concurrency: {pools: {default_limit: 1}}\n"
    )
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
        daemon = SimpleNamespace(instance=instance)

        def is_freed() -> bool:
            list(execute_concurrency_slots_iteration(daemon, logging.getLogger()))
            return storage.claim_concurrency_slot("trainer", runs[1].run_id, "nothing").is_claimed

        until(is_freed)
