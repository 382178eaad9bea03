"""A month has so many GPU-hours; what would exceed them is not started, and it is said why."""

from datetime import UTC, datetime

import polars as pl
import pytest

from r1data.recipe import Launch, Student
from r1data.train.budget import affordable, estimated, spent

NOW = datetime(2026, 3, 15, tzinfo=UTC)


def student(name: str, max_hours: float | None = None) -> Student:
    return Student(
        name=name, base="b", launcher="slurm", launch=Launch(max_hours=max_hours, processes=2, machines=4)
    )


def table(*rows: tuple[str, str, float, datetime]) -> pl.LazyFrame:
    schema = {
        "run_key": pl.String,
        "student": pl.String,
        "gpu_hours": pl.Float64,
        "trained_at": pl.Datetime("us", "UTC"),
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


TRAINED = table(
    ("1", "a", 5.0, datetime(2026, 2, 28, 23, tzinfo=UTC)),
    ("2", "a", 3.0, datetime(2026, 3, 1, tzinfo=UTC)),
    ("3", "b", 2.5, datetime(2026, 3, 14, tzinfo=UTC)),
    ("1", "a", 5.0, datetime(2026, 3, 14, 12, tzinfo=UTC)),  # the job of February, taken from the cache
    ("2", "a", 3.0, datetime(2026, 3, 14, 13, tzinfo=UTC)),
)


def test_only_the_months_jobs_count():
    assert spent(TRAINED, NOW) == 5.5
    assert spent(table(), NOW) == 0


@pytest.mark.parametrize(
    ("name", "max_hours", "hours"), [("a", 100.0, 3.0), ("new", 1.5, 12.0), ("new", None, None)]
)
def test_a_student_will_cost_what_it_cost_or_what_it_may(
    name: str, max_hours: float | None, hours: float | None
):
    assert estimated(TRAINED, student(name, max_hours)) == hours


def test_what_fits_is_chosen_in_order_and_the_rest_is_told():
    chosen, refused = affordable(
        TRAINED,
        [student("a"), student("b"), student("unbounded"), Student(name="here", base="b")],
        [student("b")],
        budget=11.0,
        now=NOW,
    )
    assert [one.name for one in chosen] == ["a", "here"]  # 5.5 + 2.5 running + 3.0 = 11.0
    assert "Set max_hours under its [launch]" in refused["unbounded"]
    assert refused["b"].startswith("b would take about 2.5 GPU-hours; 5.5 of 11.0 are spent this month")
