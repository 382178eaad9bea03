"""Mark runs as failed whose code server is gone, so that they start again, and free their places in pools."""

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

UNDER_WAY = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]

with DagsterInstance.get() as instance:
    for run in instance.get_runs(RunsFilter(statuses=UNDER_WAY)):
        instance.report_run_failed(run, "The code server ended while this ran, as by a new image or kill -9.")
        print(f"run {run.run_id} ended with its code server")
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
