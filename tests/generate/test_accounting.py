from r1data.generate import accounting
from r1data.generate.accounting import Clock, Summary, engine_run
from r1data.recipe import Prices
from r1data.schema import TABLES


def test_busy_slots_and_waiting_requests_are_means_over_the_time_of_feeding(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(accounting.time, "monotonic", lambda: now[0])
    summary = Summary()
    clock = Clock(summary)
    for second, in_flight, feeding in ((0, 4, True), (1, 6, True), (3, 1, True), (9, 0, False)):
        now[0] = float(second)
        clock.look(in_flight, 4, feeding=feeding)
    assert (summary.fed_s, summary.busy_share, summary.queue_depth) == (3.0, 1.0, 4 / 3)


def test_a_run_without_prices_or_counters_says_that_it_does_not_know():
    summary = Summary(completion_tokens=10, elapsed_s=2.0)
    names = {"run": "r", "night": "2026-01-01", "recipe": "n", "teacher_id": "t", "engine": "fake 1"}
    row = engine_run(summary, **names, prices=None)
    assert row.schema == TABLES["engine_runs"].schema
    found = row.row(0, named=True)
    assert found["tokens_per_s"] == 5.0 and found["ended_by"] == "failed"
    assert found["cost_usd"] is found["engine_completion_tokens"] is found["busy_share"] is None
    paid = engine_run(summary, **names, prices=Prices(usd_per_hour=1800))
    assert paid["cost_usd"].item() == 1.0
