"""Why the selection of a rollout changed: what the ledgers gained between two states."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from r1data.curate.current import current_references, own_references
from r1data.lake import Lake
from r1data.report.states import State

SHORT_CHARS = 8
"""Of an id in a sentence."""
TEXT_CHARS = 24
"""Of a reference in a sentence."""

Told = Mapping[str, str]
"""Sentences by rollout_id."""


@dataclass(frozen=True)
class Causes:
    """Facts that differ between two states, as sentences by rollout."""

    by_stage: Mapping[str, Told]
    """verification, format, language, readability and contamination."""
    known_before: frozenset[str]
    """Rollouts that were stored at the first state."""


def causes(lake: Lake, before: State, after: State, changed: pl.DataFrame, night: str) -> Causes:
    """Collect what was found out about changed rollouts between two states.

    Args:
        lake: whose ledgers say so.
        before, after: the two states.
        changed: rollout_id and prompt_id of what changed.
        night: the night of both.
    """
    rows = changed.select("rollout_id", "prompt_id").lazy()
    recipe = pl.concat([after.rows, before.rows])["recipe"].first()
    stored = before.scan(lake, "rollouts", night).join(rows, on="rollout_id", how="semi")
    by_stage = {
        "verification": _merged(
            _references(lake, before, after, rows, recipe),
            _verdicts(lake, before, after, rows, night, recipe),
            _overruled(before, after),
        ),
        "format": _form(lake, before, after, rows, night),
        "language": _measured(lake, before, after, rows, night, "language"),
        "readability": _measured(lake, before, after, rows, night, "readability"),
        "contamination": _compared(lake, before, after, rows),
    }
    return Causes(by_stage, frozenset(stored.select("rollout_id").collect()["rollout_id"]))


def short(name: str) -> str:
    """The first digits of an id."""
    return name[:SHORT_CHARS]


def _references(lake: Lake, before: State, after: State, rows: pl.LazyFrame, recipe: str) -> Told:
    """Rollouts whose prompt has another reference."""
    old, new = (
        current_references(own_references(side.scan(lake, "prompt_references"), recipe)).select(
            "prompt_id", "reference_version", "reference"
        )
        for side in (before, after)
    )
    both = rows.join(old, on="prompt_id").join(new, on="prompt_id", suffix="_new")
    differs = both.filter(pl.col("reference_version") != pl.col("reference_version_new")).collect()
    return {
        row["rollout_id"]: f"reference {_cut(row['reference'])} → {_cut(row['reference_new'])}"
        for row in differs.iter_rows(named=True)
    }


def _verdicts(lake: Lake, before: State, after: State, rows: pl.LazyFrame, night: str, recipe: str) -> Told:
    """Rollouts with another deciding verdict."""

    def deciding(side: State) -> pl.LazyFrame:
        references = current_references(own_references(side.scan(lake, "prompt_references"), recipe))
        wanted = rows.join(references.select("prompt_id", "verifier", "reference_version"), on="prompt_id")
        verdicts = side.scan(lake, "verdicts", night)
        return verdicts.join(wanted, on=["rollout_id", "verifier", "reference_version"], how="semi")

    return _verdict_pairs(deciding(before), deciding(after))


def _overruled(before: State, after: State) -> Told:
    """Rollouts of which a judge or a person decided something else, or decides no more."""
    columns = ("rollout_id", "verdict", "decided_by")
    both = after.rows.select(columns).join(before.rows.select(columns), on="rollout_id", suffix="_old")
    told = {}
    for row in both.iter_rows(named=True):
        old, new = ((row[f"decided_by{side}"], row[f"verdict{side}"]) for side in ("_old", ""))
        if old != new and {old[0], new[0]} & {"judge", "person"}:
            by = " → ".join(dict.fromkeys(who or "nobody" for who, _ in (old, new)))
            told[row["rollout_id"]] = f"decided by {by}: {old[1]} → {new[1]}"
    return told


def _form(lake: Lake, before: State, after: State, rows: pl.LazyFrame, night: str) -> Told:
    """Rollouts with another verdict of their form."""
    form = pl.col("verifier") == "format"
    old, new = (
        side.scan(lake, "verdicts", night).filter(form).join(rows, on="rollout_id", how="semi")
        for side in (before, after)
    )
    return _verdict_pairs(old, new)


def _verdict_pairs(old: pl.LazyFrame, new: pl.LazyFrame) -> Told:
    """Sentences from verdicts of one kind before and after, where they differ."""
    columns = ("rollout_id", "verifier", "verifier_version", "verdict", "reason")
    ends = [_newest(side.select(columns).collect(), "verifier_version") for side in (old, new)]
    both = ends[1].join(ends[0], on="rollout_id", how="left", suffix="_old")
    told = {}
    for row in both.iter_rows(named=True):
        if row["verdict_old"] is None:
            told[row["rollout_id"]] = f"first verdict of {row['verifier']}: {row['verdict']}, {row['reason']}"
        elif (row["verdict_old"], row["reason_old"]) != (row["verdict"], row["reason"]):
            versions = row["verifier_version_old"], row["verifier_version"]
            by = row["verifier"] + (f" {versions[0]} → {versions[1]}" if versions[0] != versions[1] else "")
            told[row["rollout_id"]] = f"{by}: {row['verdict_old']} → {row['verdict']}, {row['reason']}"
    return told


def _measured(lake: Lake, before: State, after: State, rows: pl.LazyFrame, night: str, table: str) -> Told:
    """Rollouts that were measured, or measured anew by another version."""
    old, new = (
        _newest(
            side.scan(lake, table, night)
            .join(rows, on="rollout_id", how="semi")
            .select("rollout_id", "version")
            .collect(),
            "version",
        )
        for side in (before, after)
    )
    both = new.join(old, on="rollout_id", how="left", suffix="_old")
    return {
        name: f"{table} measured" if was is None else f"{table} {was} → {version}"
        for name, version, was in both.select("rollout_id", "version", "version_old").iter_rows()
        if was != version
    }


def _compared(lake: Lake, before: State, after: State, rows: pl.LazyFrame) -> Told:
    """Rollouts that were compared with other benchmarks, or whose prompt was."""
    key = ["subject_id", "version"]
    new = after.scan(lake, "contamination").join(before.scan(lake, "contamination"), on=key, how="anti")
    found = pl.when("contaminated").then(pl.col("benchmark")).otherwise(pl.lit("clean"))
    facts = new.select("subject_id", told=pl.format("{} compared with the benchmarks: {}", "subject", found))
    named = [
        rows.join(facts, left_on=column, right_on="subject_id").select("rollout_id", "told")
        for column in ("rollout_id", "prompt_id")
    ]
    joined = pl.concat(named).group_by("rollout_id").agg(pl.col("told").unique().sort().str.join(", "))
    return dict(joined.collect().iter_rows())


def _newest(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The row of the newest version of each rollout; 1.10 is newer than 1.9."""
    versions = sorted(rows[column].unique(), key=lambda v: ([int(n) for n in re.findall(r"\d+", v)], v))
    order = pl.col(column).replace_strict(versions, range(len(versions)), return_dtype=pl.Int64)
    return rows.sort(order).unique("rollout_id", keep="last", maintain_order=True)


def _merged(*parts: Told) -> Told:
    names: Iterable[str] = {name: None for part in parts for name in part}
    return {name: ", ".join(part[name] for part in parts if name in part) for name in names}


def _cut(text: str | None) -> str:
    if text is None:
        return "none"
    return text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - 1] + "…"
