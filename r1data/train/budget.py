"""GPU-hours: what a month has cost, what a student will cost, and whether the budget has room for it."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from r1data.recipe import Student


def spent(students: pl.LazyFrame, now: datetime) -> float:
    """GPU-hours of the jobs that ended in the calendar month of `now` (UTC).

    What it does not see: jobs that failed, and the evaluation of students.

    Args:
        students: table `students`.
        now: in UTC.
    """
    began = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ended = pl.col("trained_at").is_between(began, now)
    return float(students.filter(ended).select(pl.col("gpu_hours").sum()).collect().item())


def estimated(students: pl.LazyFrame, student: Student) -> float:
    """GPU-hours that a student will take: what it took last; before that, its max_hours on all its GPUs; 0 of
    one that has no bound.
    """
    before = students.filter(pl.col("student") == student.name).sort("trained_at").tail(1)
    found = before.select("gpu_hours").collect()["gpu_hours"].to_list()
    if found:
        return float(found[0])
    launch = student.launch
    return (launch.max_hours or 0.0) * launch.processes * launch.machines


def affordable(
    students: pl.LazyFrame,
    wanted: Iterable[Student],
    running: Iterable[Student],
    *,
    budget: float,
    now: datetime,
) -> tuple[list[Student], dict[str, str]]:
    """Choose which students may be started.

    Args:
        students: table `students`.
        wanted: students, the most important first.
        running: students that are being trained, whose cost is not in the table yet.
        budget: GPU-hours of a calendar month.
        now: in UTC.

    Returns:
        The students that fit into what is left, and of the others the reason, by name.
    """
    before = spent(students, now)
    taken = sum(estimated(students, student) for student in running)
    chosen, refused = [], {}
    for student in wanted:
        cost = estimated(students, student)
        if before + taken + cost <= budget:
            chosen.append(student)
            taken += cost
        else:
            refused[student.name] = (
                f"{student.name} would take about {cost:.1f} GPU-hours; {before:.1f} of {budget:.1f} are "
                f"spent this month and {taken:.1f} are taken by others. Raise gpu_hours under [training], or "
                "wait."
            )
    return chosen, refused
