"""The funnel of a night: how many rollouts entered each stage, fell, remained, and why most of them fell.

A frame here has rows of the view `funnel`: recipe, night, position, stage, entered, dropped, remaining,
main_reason, n_without_vote. What waited for a judge that has no vote is said below the table.
"""

from io import StringIO

import polars as pl

_HEADINGS = ("stage", "entered", "dropped", "left", "main reason")
_COLUMNS = ("stage", "entered", "dropped", "remaining", "main_reason")
_REASON_CHARS = 40


def funnel_text(funnel: pl.DataFrame) -> str:
    """One table per recipe and night, for a terminal of 80 columns."""
    from rich.console import Console
    from rich.table import Table

    page = StringIO()
    console = Console(file=page, width=80)
    for (recipe, night), stages in funnel.group_by("recipe", "night", maintain_order=True):
        table = Table(*_HEADINGS, title=f"{recipe}, {night}", title_justify="left")
        for number in table.columns[1:4]:
            number.justify = "right"
        for row in _rows(stages):
            table.add_row(*row)
        console.print(table)
        if said := _without_vote(stages):
            console.print(said)
    return page.getvalue()


def funnel_markdown(funnel: pl.DataFrame) -> str:
    """A Markdown table of one recipe and night, under the 1,000 characters that Dagster shows in place."""
    lines = [" | ".join(_HEADINGS), "---|--:|--:|--:|---"]
    lines += [" | ".join(row) for row in _rows(funnel)]
    if said := _without_vote(funnel):
        lines += ["", said]
    return "\n".join(lines).replace("<", "&lt;")


def _without_vote(stages: pl.DataFrame) -> str:
    """One sentence about what a judge without a vote was asked; empty when there is nothing."""
    n = stages["n_without_vote"].sum()
    if not n:
        return ""
    return (
        f"{n:,} rollouts waited for the judge, which has no vote: it has not passed its calibration. "
        "Its judgements are stored and unused."
    )


def _rows(stages: pl.DataFrame) -> list[list[str]]:
    reason = pl.col("main_reason").fill_null("").str.slice(0, _REASON_CHARS)
    rows = stages.sort("position").select(_COLUMNS).with_columns(reason).rows()
    return [[str(value) for value in row] for row in rows]
