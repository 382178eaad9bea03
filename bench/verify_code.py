"""Whether verdicts on programs agree with reference solutions and with labels, and whether cheats pass.

    python -m bench.verify_code FOLDER

FOLDER holds code_mbpp.parquet (columns task_id, code, test_list, test_setup_code, challenge_test_list),
code_cruxeval_scored_a.parquet (id, code, input, output, mode, prediction, correct) and, if it is there,
code_contests_stdin_a.parquet (inputs, outputs). The last has no programs: one that prints what is wanted must
pass, and what the quality gate asks must fail.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from bench.measure import Timer
from r1data.verify import own_completion, probes
from r1data.verify.code.problem import problem
from r1data.verify.verdict import Verdict
from r1data.verify.workers import Pool, Task

Row = dict[str, Any]
MBPP = ("code", "test_list", "test_setup_code", "challenge_test_list")
VALUE = ("code", "input", "output", "mode")
ANY = "class Any:\n    def __eq__(self, other): return True\n    __ne__ = __lt__ = __gt__ = __eq__\n"
CHEATS = {
    "equals everything": (ANY, "    return Any()"),
    "os._exit(0)": ("import os\n", "    os._exit(0)"),
    "SystemExit": ("", "    raise SystemExit(0)"),
}
"""Head of each cheat, and the body of every function that is asked for."""


def fenced(code: str) -> str:
    """A finished completion that is this program."""
    return f"<think>\nKnown.\n</think>\n\n~~~python\n{code}\n~~~"


def judge(pool: Pool, name: str, tasks: Iterable[Task]) -> list[Verdict]:
    """Verdicts, and how fast they were made."""
    with Timer() as timer:
        verdicts = list(pool.map(tasks))
    n, reasons = len(verdicts), Counter(verdict.reason for verdict in verdicts).most_common()
    print(f"{name}: {n:,} verdicts in {timer.wall_s:.1f} s, {n / timer.wall_s:.1f} per s", end=": ")
    print(", ".join(f"{word} {count:,}" for word, count in reasons), flush=True)
    return verdicts


def mbpp(pool: Pool, rows: list[Row]) -> None:
    """Reference solutions pass; cheats do not."""
    references = [json.dumps({name: row[name] for name in MBPP}) for row in rows]
    known = (Task("code", own_completion("code", each), each) for each in references)
    verdicts = judge(pool, "MBPP, reference solutions", known)
    print(f"  right: {sum(verdict.verdict == 'right' for verdict in verdicts)} of {len(rows)}")
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.verdict != "right":
            print(f"  {row['task_id']}: {verdict.verdict}, {verdict.reason}: {verdict.extracted}")
    names = [sorted(problem(each).names) for each in references]
    for cheat, (head, body) in CHEATS.items():
        programs = (head + "\n".join(f"def {name}(*args):\n{body}" for name in each) for each in names)
        pairs = zip(programs, references, strict=True)
        found = judge(pool, f"MBPP, {cheat}", (Task("code", fenced(code), each) for code, each in pairs))
        words = Counter(verdict.verdict for verdict in found)
        print(f"  passes: {words['right']}, unknown: {words['unknown']}")


def cruxeval(pool: Pool, rows: list[Row]) -> None:
    """Labels of the predictions of a model."""
    asked = ((fenced(row["prediction"]), json.dumps({name: row[name] for name in VALUE})) for row in rows)
    tasks = (Task("code", completion, reference) for completion, reference in asked)
    verdicts = judge(pool, "CRUXEval, predictions", tasks)
    same = [(each.verdict == "right") == row["correct"] for row, each in zip(rows, verdicts, strict=True)]
    print(f"  agreement: {sum(same):,} of {len(same):,}, {100 * sum(same) / len(same):.2f} %")
    for row, verdict, agrees in zip(rows, verdicts, same, strict=True):
        if not agrees:
            label = "right" if row["correct"] else "wrong"
            print(f"  {row['id']} {row['mode']} labelled {label}: {row['prediction']!r:.80}", end="; ")
            print(f"{verdict.verdict}, {verdict.reason}: {verdict.extracted}")


def contests(pool: Pool, rows: list[Row]) -> None:
    """References of printed text: what is wanted passes, what the quality gate asks does not."""
    references = [json.dumps({"inputs": row["inputs"], "outputs": row["outputs"]}) for row in rows]
    tables = (dict(zip(row["inputs"], row["outputs"], strict=True)) for row in rows)
    programs = (f"import sys\nprint({table!r}[sys.stdin.read()], end='')" for table in tables)
    pairs = zip(programs, references, strict=True)
    judge(pool, "CodeContests, what is wanted", (Task("code", fenced(code), each) for code, each in pairs))
    empty = (Task("code", probe.completion, each) for each in references for probe in probes("code", each))
    judge(pool, "CodeContests, a program that does nothing", empty)


def main() -> None:
    """Print what each set says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with Pool() as pool:
        mbpp(pool, pl.read_parquet(folder / "code_mbpp.parquet").to_dicts())
        cruxeval(pool, pl.read_parquet(folder / "code_cruxeval_scored_a.parquet").to_dicts())
        if (path := folder / "code_contests_stdin_a.parquet").is_file():
            contests(pool, pl.read_parquet(path).to_dicts())


if __name__ == "__main__":
    main()
