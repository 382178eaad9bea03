"""What 300 verified traces teach a model that knows nothing, what their answers alone do, and what traces do
of which nobody asked whether they are right.

    python -m bench.tiny                    # three seeds of each: about half an hour of CPU time
    python -m bench.tiny --seeds 1 --students tiny tiny_answers

pass@1 on 200 held-out sums, sampled at temperature 0.6 as R1's protocol has it, and at 1.0, where wrong
traces show that cooler sampling hides.
"""

import argparse
import time

from bench.toy import asked, children_s, table, toy_home, toy_student, train

STUDENTS = ("tiny", "tiny_answers", "tiny_unfiltered")


def main() -> None:
    """Print a row per student and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--students", nargs="+", default=STUDENTS)
    parser.add_argument("--k", type=int, default=4, help="attempts per item")
    wanted, rows = parser.parse_args(), []
    with toy_home() as (lake, recipe):
        for seed in range(wanted.seeds):
            for name in wanted.students:
                began, before = time.monotonic(), children_s()
                trained = train(lake, recipe, toy_student(name, seed=seed))
                used, elapsed = children_s() - before, time.monotonic() - began
                cool, warm = (asked(lake, trained.model, k=wanted.k, temperature=t) for t in (0.6, 1.0))
                rows.append(
                    {
                        "student": name,
                        "seed": seed,
                        "rows": trained.row["n_rows"],
                        "steps": trained.row["steps"],
                        "cpu_s": round(used, 1),
                        "elapsed_s": round(elapsed, 1),
                        "last_loss": round(trained.row["last_loss"], 4),
                        "pass@1 at 0.6": cool.percent(),
                        "pass@1 at 1.0": warm.percent(),
                    }
                )
                table(rows[-1:])
    table(rows)


if __name__ == "__main__":
    main()
