"""Mark runs as failed whose code server is gone; Dagster then frees their places in pools, and retries."""

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

UNDER_WAY = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]

with DagsterInstance.get() as instance:
    for run in instance.get_runs(RunsFilter(statuses=UNDER_WAY)):
        instance.report_run_failed(run, "The code server ended while this ran, as by a new image or kill -9.")
        print(f"run {run.run_id} ended with its code server")
