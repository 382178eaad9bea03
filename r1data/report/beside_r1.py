"""A recipe's corpus beside DeepSeek-R1's SFT data: counts, shares and mean lengths by domain."""

import polars as pl

from r1data import paths
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.report.show import cell

_COLUMNS = ("domain", "n_traces", "share", "mean_student_tokens", "r1_share", "r1_mean_tokens")
_HEADINGS = ("domain", "traces", "share", "mean tokens (student)", "R1: share", "R1: mean tokens")


def beside_r1(lake: Lake, recipe: str) -> pl.DataFrame:
    """What `sql/questions/counts_beside_r1.sql` says of all nights of a recipe; one row per domain, and
    `all`.
    """
    file = paths.PROJECT / "sql" / "questions" / "counts_beside_r1.sql"
    return fetch(lake, file.read_text(encoding="utf-8"), {"recipe": recipe})


def beside_r1_markdown(rows: pl.DataFrame) -> str:
    """A Markdown table of it, under the 1,000 characters that Dagster shows in place."""
    lines = [" | ".join(_HEADINGS), "---|--:|--:|--:|--:|--:"]
    lines += [" | ".join(map(cell, row)) for row in rows.select(_COLUMNS).iter_rows()]
    return "\n".join(lines)
