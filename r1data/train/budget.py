"""GPU-hours: what a month has cost, what a student will cost, and whether the budget has room for it."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from r1data.recipe import Student


def spent(students: pl.LazyFrame, now: datetime) -> float:
    """GPU-hours of the jobs that ended in the calendar month of `now` (UTC).

    What it does not see: jobs that failed, steps that a kill undid after their last line, and the evaluation
    of students.

    Args:
        students: table `students`.
        now: in UTC.
    """
    first = students.sort("trained_at").unique("run_key", keep="first")  # what is cached costs nothing again
    began = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ended = pl.col("trained_at").is_between(began, now)
    return float(first.filter(ended).select(pl.col("gpu_hours").sum()).collect().item())


def estimated(students: pl.LazyFrame, student: Student) -> float | None:
    """GPU-hours that a student will take: what it took last; before that, its max_hours on all its GPUs.

    Without a bound it is 0 where one process of this machine trains, and unknown (None) elsewhere.
    """
    before = students.filter(pl.col("student") == student.name).sort("trained_at").tail(1)
    found = before.select("gpu_hours").collect()["gpu_hours"].to_list()
    if found:
        return float(found[0])
    launch = student.launch
    if launch.max_hours is None:
        return 0.0 if student.launcher == "local" else None
    return launch.max_hours * launch.processes * launch.machines


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
    taken = sum(estimated(students, student) or 0.0 for student in running)
    chosen, refused = [], {}
    for student in wanted:
        cost = estimated(students, student)
        if cost is None:
            refused[student.name] = (
                f"{student.name} may take any number of GPU-hours. Set max_hours under its [launch]."
            )
        elif before + taken + cost <= budget:
            chosen.append(student)
            taken += cost
        else:
            refused[student.name] = (
                f"{student.name} would take about {cost:.1f} GPU-hours; {before:.1f} of {budget:.1f} are "
                f"spent this month and {taken:.1f} are taken by others. Raise gpu_hours under [training], or "
                "wait."
            )
    return chosen, refused
