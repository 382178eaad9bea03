"""What reinforcement learning does to a tiny student, and at which learning rate which alarm rings.

    python -m bench.grpo                          # some ten minutes of two quiet cores
    python -m bench.grpo --rates 4e-5 --k 8

A student of recipes/toy.toml that solves some sums is asked held-out ones at temperature 1, before GRPO
and after it, once for each learning rate. What filtered traces are worth says `bench.tiny`.
"""

import argparse
import re
import time
from typing import Any

from bench.toy import asked, children_s, table, toy_home, toy_student, train
from r1data.errors import TrainError
from r1data.generate.models import resolve
from r1data.lake import Lake
from r1data.recipe import Recipe


def main() -> None:
    """Print a row for the base and one for each learning rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--student", default="tiny_grpo", help="a file of recipes/students")
    parser.add_argument("--rates", type=float, nargs="+", default=[2e-5, 4e-5, 3e-4])
    parser.add_argument("--k", type=int, default=4, help="attempts per item")
    wanted = parser.parse_args()
    with toy_home() as (lake, recipe):
        base = toy_student(wanted.student).base
        train(lake, recipe, toy_student(base.removeprefix("student:")))
        before = asked(lake, resolve(base), k=wanted.k, temperature=1.0)
        rows: list[dict[str, Any]] = [{"learning_rate": None, "pass@1": before.percent()}]
        for rate in wanted.rates:
            rows.append({"learning_rate": rate} | run(lake, recipe, wanted.student, rate, k=wanted.k))
        table(rows)


def run(lake: Lake, recipe: Recipe, name: str, rate: float, *, k: int) -> dict[str, Any]:
    """Train with a learning rate: pass@1, or the step of the alarm and its words, and what it took."""
    student = toy_student(name)
    grpo = student.grpo.model_copy(update={"learning_rate": rate})
    began, before = time.monotonic(), children_s()
    row: dict[str, Any] = {}
    try:
        model = train(lake, recipe, student.model_copy(update={"grpo": grpo})).model
    except TrainError as error:
        if not (step := re.search(r"alarm at step (\d+)", str(error))):
            raise
        print(error, flush=True)
        model, row["alarm_step"] = None, int(step[1])
    row |= {"seconds": time.monotonic() - began, "cpu_seconds": children_s() - before}
    if model:
        row["pass@1"] = asked(lake, model, k=k, temperature=1.0).percent()
    return row


if __name__ == "__main__":
    main()
