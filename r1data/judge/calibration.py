"""How far a judge may be believed: it is asked what is known, and attacked.

Rows that it was asked before, under the same version of rubric and protocol, are not asked again; so a night
whose calibration is known starts no engine, and a run that was killed goes on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from r1data import ids
from r1data.judge.agreement import agreement
from r1data.judge.canaries import canaries
from r1data.judge.labelled import Row, labelled
from r1data.judge.model import JudgeModel
from r1data.judge.parts import NO_REPLY, append_parts, said
from r1data.judge.question import Judgement
from r1data.judge.rubric import Rubric, load_rubric, rubric_version
from r1data.judge.vote import sources_version
from r1data.recipe import Judge
from r1data.schema.judge import CALIBRATIONS
from r1data.verify.stored import Store

STORED_CHARS = 2_000
"""Of an answer; attacks may be much longer."""


def calibrate(store: Store, settings: Judge, *, night: str, now: datetime) -> int:
    """Measure the recipe's judge on its labelled rows, and publish what it said and how well it did.

    A row that got no reply counts as undecided, is not stored, and is asked again the next time.

    Args:
        store: the lake.
        settings: section [judge]; its thresholds are not looked at.
        night: YYYY-MM-DD; under it, new rows are stored.
        now: when it is measured.

    Returns:
        Rows that were asked.

    Raises:
        ConfigError, InputError, OfflineError: judge, rubric or labelled rows cannot be used.
        EngineError: the engine died; what it had judged is stored.
    """
    measured = measured_rows(settings)
    n_asked = 0
    with JudgeModel(settings) as judge:
        store.append("teachers", judge.teacher_row(night))
        for rubric, rows in measured:
            names = {
                "judge_id": judge.judge_id,
                "rubric": rubric.name,
                "rubric_version": rubric_version(rubric, settings),
            }
            n_asked += _ask(store, judge, rubric, _unasked(store, names, rows), {"night": night, **names})
            sources = {"sources_version": sources_version(rubric, settings)}
            _sum_up(store, rubric, rows, {"night": night, **names, **sources}, now)
    return n_asked


def measured_rows(settings: Judge) -> list[tuple[Rubric, list[Row]]]:
    """Every rubric that has labelled rows, with these and the attacks on them, each content once.

    Raises:
        ConfigError, InputError, OfflineError: see `labelled`.
    """
    rubrics: dict[str, Rubric] = {}
    known: dict[str, dict[str, Row]] = {}
    for source in settings.calibration:
        rubric = load_rubric(source.rubric)
        rubrics[rubric.digest] = rubric
        found = known.setdefault(rubric.digest, {})
        for row in labelled(source, rubric):
            found.setdefault(row.row_id, row)
    measured = []
    for name, found in known.items():
        by_hash = [found[row_id] for row_id in sorted(found)]  # so that attacks are tried on all sources
        attacked = {row.row_id: row for row in canaries(rubrics[name], by_hash, settings.canaries)}
        measured.append((rubrics[name], [*by_hash, *(attacked[i] for i in sorted(attacked.keys() - found))]))
    return measured


def _held(store: Store, names: dict[str, str]) -> pl.LazyFrame:
    return store.scan("calibration_rows").filter(
        pl.col("judge_id") == names["judge_id"], pl.col("rubric_version") == names["rubric_version"]
    )


def _unasked(store: Store, names: dict[str, str], rows: Sequence[Row]) -> list[Row]:
    held = set(_held(store, names).select("row_id").collect()["row_id"])
    return [row for row in rows if row.row_id not in held]


def _ask(store: Store, judge: JudgeModel, rubric: Rubric, rows: Sequence[Row], names: dict[str, str]) -> int:
    """Judge rows and publish what came back, also if the engine dies; returns how many were asked."""
    by_id = {row.row_id: row for row in rows}
    judged = judge.judge(rubric, [row.question for row in rows])
    told = (
        names | _stored(by_id[question.question_id], judgement)
        for question, judgement in judged
        if judgement.reason != NO_REPLY
    )
    append_parts(store, "calibration_rows", told)
    return len(rows)


def _stored(row: Row, judgement: Judgement) -> dict[str, Any]:
    """A row of table `calibration_rows`, without who was asked."""
    question = row.question
    return {
        "row_id": row.row_id,
        "source": row.source,
        "domain": row.domain,
        "attack": row.attack,
        "label": row.label,
        "question": question.task,
        "answer": question.answer[:STORED_CHARS],
        "other": question.other and question.other[:STORED_CHARS],
        "reference": question.reference,
        **said(judgement),
    }


def _sum_up(store: Store, rubric: Rubric, rows: Sequence[Row], names: dict[str, str], now: datetime) -> None:
    """Publish how well a judge did on rows, unless the latest calibration says the same."""
    known = {row["row_id"]: row for row in _held(store, names).collect().iter_rows(named=True)}
    data = [(row.row_id, row.label, row.domain, row.attack) for row in rows]
    content = ids.digest(data, [known.get(row.row_id, {}).get("verdict") for row in rows])
    before = _before(store, names)
    if before and before[-1] == _id(names, content, before[:-1]):
        return
    calibration = names | {
        "calibration_id": _id(names, content, before),
        "data_version": ids.digest(data),
        "measured_at": now,
    }
    sums = [calibration | one for one in agreement(rubric, rows, known)]
    store.append("calibrations", pl.DataFrame(sums, schema=CALIBRATIONS.schema))


def _before(store: Store, names: dict[str, str]) -> list[str]:
    """The calibrations of a judge and rubric on the same sources, in their order."""
    mine = store.scan("calibrations").filter(
        pl.col("judge_id") == names["judge_id"],
        pl.col("rubric_version") == names["rubric_version"],
        pl.col("sources_version") == names["sources_version"],
    )
    ordered = mine.sort("measured_at").select("calibration_id").unique(maintain_order=True)
    return ordered.collect()["calibration_id"].to_list()


def _id(names: dict[str, str], content: str, before: Sequence[str]) -> str:
    """A calibration's id; what it follows is part of it, so that the rows of an earlier one can come back."""
    whose = names["judge_id"], names["rubric_version"], names["sources_version"]
    return ids.digest(*whose, content, before[-1] if before else None)
