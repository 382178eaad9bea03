"""How often, and how fast, the math verifier agrees with known verdicts, beside math-verify alone.

    python -m bench.verify_math DATA --list

DATA is a folder with `verify_*.parquet` and `math_*.parquet`. Both verifiers judge the same texts (what
follows the thought) in one process, in turns of 500 rows; CPU seconds are this process's. What ours defers to
a worker is worked out in the process too, under the worker's limit.
"""

import argparse
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import math_verify
import polars as pl

from r1data.verify import Deferred, at_once, own_completion, work
from r1data.verify.answer import after_thought

TURN, LIMIT_S = 500, 5.0
Row = dict[str, Any]
LABELLED = {
    "verify_gsm8k_model_solutions_a": ("solution", "answer", "is_correct"),
    "verify_math_completions_qwen3b_a": ("completion", "gt", "score"),
    "verify_math_qwen_cot_100x8": ("completion", "answer", "score"),
    "verify_math_l5_zeroeval_a": ("output", "answer", None),
}
"""Columns of completion, reference and verdict; without verdicts the two are compared with each other."""
REFERENCES = {
    "math_MATH500": "answer",
    "math_MATH_train": "answer",
    "math_aime24": "answer",
    "math_aime_1983_2023": "answer",
    "math_gsm8k_train": "solution",
    "math_gsm8k_test": "solution",
    "math_zh_cmath": "answer",
    "math_olymmath_easy_en_zh": "answer",
    "mgsm_en_zh_es_ru_bn_ja": "answer",
    "math_svamp": "answer",
}


class Late(Exception):
    """A verdict took its whole CPU time."""


def late(*_: object) -> None:
    """What the timer's signal does."""
    raise Late


def ours(completion: str, reference: str) -> tuple[str, bool]:
    """Our verdict, and whether it was deferred."""
    verdict = at_once("math", completion, reference, {})
    if not isinstance(verdict, Deferred):
        return verdict.verdict, False
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        return work("math", verdict.args).verdict, True
    except Late:
        return "unknown", True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def theirs(completion: str, reference: str) -> tuple[str, bool]:
    """math-verify's verdict, with its defaults."""
    answer = after_thought(completion) or ""
    same = math_verify.verify(math_verify.parse(f"${reference}$"), math_verify.parse(answer))
    return "right" if same else "wrong", True


def rows(data: Path, name: str, n: int | None) -> list[Row]:
    """Completion, reference and known verdict of each row of a file."""
    completion, reference, known = LABELLED[name]
    frame = pl.read_parquet(data / f"{name}.parquet")
    frame = frame if n is None or n >= frame.height else frame.sample(n, seed=0)
    return [
        {
            "completion": row[completion] or "",
            "reference": str(row[reference]),
            "known": known and row[known],
            "part": row.get("dataset", ""),
        }
        for row in frame.to_dicts()
    ]


def judge(given: list[Row]) -> dict[str, float]:
    """Add both verdicts to the rows, in turns; returns the CPU seconds of each."""
    spent = {"ours": 0.0, "theirs": 0.0}
    sides: dict[str, Callable[[str, str], tuple[str, bool]]] = {"ours": ours, "theirs": theirs}
    for turn, start in enumerate(range(0, len(given), TURN)):
        for side in list(sides)[:: 1 if turn % 2 else -1]:
            began = time.process_time()
            for row in given[start : start + TURN]:
                row[side], row[f"{side}_algebra"] = sides[side](row["completion"], row["reference"])
            spent[side] += time.process_time() - began
    return spent


def disagreements(given: list[Row], side: str) -> Iterator[Row]:
    """Rows on which a side differs from the known verdict, or ours from math-verify's where none is known."""
    for row in given:
        known = row["known"] if row["known"] is not None else row["theirs"] == "right"
        if row[side] != ("right" if known else "wrong"):
            yield row


def report(name: str, given: list[Row], spent: dict[str, float], listed: bool) -> None:
    """Print agreement, speed and the disagreements."""
    print(f"\n{name}: {len(given):,} completions")
    for side in spent:
        bad = len(list(disagreements(given, side)))
        agreed = 100 * (1 - bad / len(given))
        rate = len(given) / spent[side]
        print(f"  {side:7s} agree {agreed:.2f} % ({bad} differ)   {rate:,.0f} pairs per CPU-second")
    fast = 100 * sum(not row["ours_algebra"] for row in given) / len(given)
    print(f"  ratio {spent['theirs'] / spent['ours']:.1f}; {fast:.1f} % decided without math-verify")
    if listed:
        for side in spent:
            for row in disagreements(given, side):
                said = f"{row['known']!s:5} ours {row['ours']} theirs {row['theirs']}"
                tail = " ".join(row["completion"][-160:].split())
                print(f"  - {side}: {said} reference {row['reference'][:80]!r} … {tail}")


def references(data: Path, listed: bool) -> None:
    """Print the share of references that accept themselves."""
    for name, column in REFERENCES.items():
        every = pl.read_parquet(data / f"{name}.parquet")[column].cast(pl.String).to_list()
        given = [row for row in every if row and row.strip()]
        bad = [one for one in given if ours(own_completion("math", one), one)[0] != "right"]
        share = 100 * (1 - len(bad) / len(given))
        empty = len(every) - len(given)
        print(f"{name}: {share:.2f} % of {len(given):,} accept themselves; {empty} are empty")
        for one in bad if listed else ():
            print(f"  - {one!r}")


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("data", type=Path)
    options.add_argument("--rows", type=int, help="rows of each file; all when left out")
    options.add_argument("--only", choices=[*LABELLED, "references"], help="one file")
    options.add_argument("--list", action="store_true", help="print every disagreement")
    given = options.parse_args()
    signal.signal(signal.SIGPROF, late)
    math_verify.verify(math_verify.parse("$x+1$"), math_verify.parse("$1+x$"))
    ours(r"\boxed{\sqrt2}", "1.41421356")
    if given.only in (None, "references"):
        references(given.data, given.list)
    for name in LABELLED:
        if given.only in (None, name):
            found = rows(given.data, name, given.rows)
            parts, total = sorted({row["part"] for row in found}), {"ours": 0.0, "theirs": 0.0}
            for part in parts:
                chosen = [row for row in found if row["part"] == part]
                spent = judge(chosen)
                total = {side: total[side] + spent[side] for side in total}
                if len(parts) > 1:
                    report(f"{name}, {part}", chosen, spent, listed=False)
            report(name, found, total, given.list)


if __name__ == "__main__":
    main()
