"""What changed between two states of one night, rollout by rollout, and why, as far as the ledgers tell."""

from typing import Any

import polars as pl

from r1data.lake import Lake
from r1data.report.causes import Causes, causes, short
from r1data.report.states import State

CHANGES = pl.Schema(
    {
        "rollout_id": pl.String,
        "prompt_id": pl.String,
        "change": pl.String,
        "before": pl.String,
        "after": pl.String,
        "why": pl.String,
    }
)
"""change: a word of ORDER."""
ORDER = ("accepted", "rejected", "new", "gone", "reasons", "rank")
"""reasons: still rejected, for others; rank: nothing but its place changed."""
ELSE = "recipe or thresholds"
_STATE = ("accepted", "rank", "reasons", "twin_id")


def diff_states(lake: Lake, before: State, after: State, *, night: str) -> pl.DataFrame:
    """One row per rollout whose selection differs between two states of a night.

    A cause is named only for the stage whose reasons came or went. Where no ledger explains it, what is left
    is `recipe or thresholds`: recipes are not stored.

    Args:
        lake: whose ledgers explain the difference.
        before, after: the states, of the same recipe and night.
        night: that night.

    Returns:
        Schema CHANGES, by change, prompt and rollout.
    """
    pairs = _pairs(before.rows, after.rows)
    known = causes(lake, before, after, pairs, night)
    shaken = {
        row["prompt_id"]
        for row in pairs.iter_rows(named=True)
        if _eligible(row, "") != _eligible(row, "_new")
    }
    accepted = set(after.rows.filter("accepted")["rollout_id"])
    found = [
        {
            "rollout_id": row["rollout_id"],
            "prompt_id": row["prompt_id"],
            "change": _change(row),
            "before": _state(row, ""),
            "after": _state(row, "_new"),
            "why": "; ".join(_why(row, known, shaken, accepted, noted=bool(after.inputs))),
        }
        for row in pairs.iter_rows(named=True)
    ]
    order = pl.col("change").replace_strict(ORDER, range(len(ORDER)))
    return pl.DataFrame(found, schema=CHANGES).sort(order, "prompt_id", "rollout_id")


def summary(rows: pl.DataFrame) -> str:
    """How many rows there are of every change, in one line."""
    counted = rows["change"].value_counts(sort=True).sort("count", "change", descending=[True, False])
    parts = [f"{n:,} {change}" for change, n in counted.iter_rows()]
    return f"{rows.height:,} changed: {', '.join(parts)}" if parts else "Nothing changed."


def _pairs(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Rows that differ, both sides beside each other: those after end in `_new`."""
    columns = ["rollout_id", "prompt_id", *_STATE]
    old = before.select(columns).with_columns(there=pl.lit(True))
    new = after.select(columns).with_columns(there=pl.lit(True))
    both = old.join(new, on=["rollout_id", "prompt_id"], how="full", coalesce=True, suffix="_new")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in (*_STATE, "there"))
    return both.filter(differs)


def _change(row: dict[str, Any]) -> str:
    if not row["there"]:
        return "new"
    if not row["there_new"]:
        return "gone"
    if row["accepted"] != row["accepted_new"]:
        return "accepted" if row["accepted_new"] else "rejected"
    return "rank" if row["reasons"] == row["reasons_new"] else "reasons"


def _state(row: dict[str, Any], side: str) -> str | None:
    if not row[f"there{side}"]:
        return None
    if row[f"accepted{side}"]:
        return f"accepted, rank {row[f'rank{side}']}"
    return f"rejected: {', '.join(row[f'reasons{side}'])}"


def _eligible(row: dict[str, Any], side: str) -> bool:
    """Whether every stage but the election passed it."""
    late = ("duplicates:", "selection:")
    return bool(row[f"there{side}"]) and all(reason.startswith(late) for reason in row[f"reasons{side}"])


def _moved(row: dict[str, Any]) -> bool:
    """Whether it may have made room for, or taken the place of, another attempt at its prompt."""
    return _eligible(row, "") != _eligible(row, "_new") or row["twin_id"] != row["twin_id_new"]


def _why(
    row: dict[str, Any], known: Causes, shaken: set[str], accepted: set[str], *, noted: bool
) -> list[str]:
    """Sentences that explain one difference; never empty."""
    name = row["rollout_id"]
    if not row["there"]:
        return ["it was stored, and is planned now" if name in known.known_before else "new rollout"]
    if not row["there_new"]:
        return ["it is not planned any more"]
    if not noted:
        return ["the selection noted no versions of what it read"]
    apart = set(row["reasons"]) ^ set(row["reasons_new"])
    stages = sorted({reason.split(":")[0] for reason in apart}) or ["selection"]
    said = []
    for stage in stages:
        if told := known.by_stage.get(stage, {}).get(name):
            said.append(told)
        elif stage == "duplicates":
            said += _twins(row, accepted)
        elif stage != "selection":
            said.append(_unknown(row, stage))
        elif _eligible(row, "") == _eligible(row, "_new"):
            said.append("other attempts at its prompt changed" if row["prompt_id"] in shaken else ELSE)
    return list(dict.fromkeys(said)) or [ELSE]


def _unknown(row: dict[str, Any], stage: str) -> str:
    """What is left to say of a stage whose ledger gained nothing."""
    lacking = {f"{stage}:unverified", f"{stage}:unmeasured"} & set(row["reasons_new"])
    return f"{stage} lacks a fact of the current version" if lacking else ELSE


def _twins(row: dict[str, Any], accepted: set[str]) -> list[str]:
    old, new = row["twin_id"], row["twin_id_new"]
    if new:
        return [f"twin {short(new)} is {'accepted' if new in accepted else 'preferred'} now"]
    return [f"twin {short(old)} is not preferred any more"] if old else []
