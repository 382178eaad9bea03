"""What the tab Browse finds: rollouts by filters, a page at a time, asked of DuckDB over the lake's files.

No text is read to find a page, and the text of none but its prompts to show it; so a million rollouts open as
ten do.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import polars as pl

from r1data.lake import Lake
from r1data.lake.query import ask, connect

PAGE_ROWS = 25
FILTERS = {
    "recipe": "recipe = $recipe",
    "night": "night = $night",
    "state": "state = $state",
    "verdict": "verdict = $verdict",
    "reason": "list_contains(reasons, $reason)",
    "domain": "domain = $domain",
    "source": "source = $source",
    "teacher": "teacher = $teacher",
    "id": "(starts_with(rollout_id, $id) or starts_with(prompt_id, $id))",
}
"""What each filter asks of a row of view `outcomes`."""
COUNTED = ("state", "verdict", "reason", "domain", "source", "teacher")
"""Filters whose values are told with how often they come."""
_ORDER = "night desc, prompt_id, rollout_id, recipe"
_CHARS = 200

Values = dict[str, list[tuple[str, int]]]
"""By filter: its values with how many rollouts have each, the most frequent first."""


@dataclass(frozen=True)
class Filters:
    """What is looked for; an empty text looks for anything."""

    recipe: str = ""
    night: str = ""
    state: str = ""
    verdict: str = ""
    reason: str = ""
    domain: str = ""
    source: str = ""
    teacher: str = ""
    id: str = ""
    """First digits of a rollout's or of a prompt's id."""

    @property
    def given(self) -> dict[str, str]:
        """Those that look for something."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class Page:
    """One page of what was found."""

    rows: list[dict[str, Any]]
    """Columns of view `outcomes`, and index, completion_tokens, finish_reason, beginning of the prompt."""
    n_rows: int
    """Rows on all pages."""
    number: int
    """Of this page, from 1; the last one where a later one was asked for."""

    @property
    def n_pages(self) -> int:
        """Pages, 1 at least."""
        return max(1, -(-self.n_rows // PAGE_ROWS))


def find(lake: Lake, filters: Filters, number: int = 1) -> Page:
    """A page of the rollouts that filters find, the latest night first, attempts at a prompt together.

    Raises:
        QueryError: the lake has no catalog yet.
    """
    where, given = _where(filters)
    with connect(lake) as connection:
        n_rows = ask(connection, f"select count(*) from outcomes{where}", given).item()
        page = Page([], n_rows, max(1, min(number, -(-n_rows // PAGE_ROWS))))
        place = f"limit {PAGE_ROWS} offset {(page.number - 1) * PAGE_ROWS}"
        found = ask(connection, f"from outcomes{where} order by {_ORDER} {place}", given).to_dicts()
        told = _told(connection, found)
    return Page([row | told.get(row["rollout_id"], {}) for row in found], n_rows, page.number)


def values(lake: Lake, recipe: str, night: str) -> Values:
    """The values that filters may take within a recipe and night, either of which may be empty for all.

    Raises:
        QueryError: the lake has no catalog yet.
    """
    where, given = _where(Filters(recipe=recipe, night=night))
    alone = [name for name in COUNTED if name != "reason"]
    each = f"select {', '.join(alone)}, count(*) as n from outcomes{where} group by all"
    named = f"select unnest(reasons) as reason, 1 as n from outcomes{where}"
    with connect(lake) as connection:
        together = ask(connection, each, given)
        reasons = ask(connection, f"select reason, sum(n)::bigint as n from ({named}) group by all", given)
    return {name: _counted(reasons if name == "reason" else together, name) for name in COUNTED}


def _counted(rows: pl.DataFrame, name: str) -> list[tuple[str, int]]:
    found = rows.drop_nulls(name).group_by(name).agg(pl.col("n").sum())
    return found.sort("n", name, descending=[True, False]).rows()


def _where(filters: Filters) -> tuple[str, Mapping[str, str]]:
    conditions = [FILTERS[name] for name in filters.given]
    return (f" where {' and '.join(conditions)}" if conditions else ""), filters.given


def _told(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a page says of its rollouts beside their outcome, by rollout_id."""
    if not rows:
        return {}
    wanted = {name: sorted({row[name] for row in rows}) for name in ("night", "rollout_id", "prompt_id")}
    query = f"""
        select
            rollout_id, "index", completion_tokens, finish_reason,
            left(prompts.messages[-1].content, {_CHARS}) as prompt
        from rollouts
        left join (
            from prompts where prompt_id in (select unnest($prompt_id))
        ) as prompts using (prompt_id)
        where rollouts.night in (select unnest($night)) and rollout_id in (select unnest($rollout_id))
    """
    return {row["rollout_id"]: row for row in ask(connection, query, wanted).iter_rows(named=True)}
