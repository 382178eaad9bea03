"""What the tab SQL answers to each thing that a person does, as values of its components by name."""

import json
import shlex
from typing import Any

import polars as pl

from r1data.app.asking import MOST_ROWS, Answered, answered, chartable, parameters, titles
from r1data.app.links import asked_of
from r1data.app.markup import escaped, notice
from r1data.app.moves import Answer
from r1data.app.places import places
from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.lake.query import question
from r1data.text import nearest

FIRST = "why_rejected"
"""The question that is shown first."""
_CELL_CHARS = 300
_NOTHING: Answer = {"table": {"value": ""}, "chart": {"visible": False}, "height": {"visible": False}}


class SqlMoves:
    """Answers for every page of one lake."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def load(self, search: str) -> Answer:
        """A page was opened; `search`: the query of its address: question, recipe, night, rollout_id."""
        asked = asked_of(search, "sql")
        return {"message": {}} if asked is None else self._loaded(asked)

    def enter(self, sql: str | None, search: str) -> Answer:
        """The tab was entered: the first time as if the page was opened there; then all stays."""
        return self.load(search) if search and not sql else {"message": {}}

    def choose(self, name: str, place: str | None, rollout_id: str) -> Answer:
        """Another question was chosen: it is asked if all that it needs is known."""
        sql = question(name)
        wanted = parameters(sql)
        chosen = {"sql": {"value": sql}, "rollout_id": {"visible": "rollout_id" in wanted}}
        ready = all(_given(place, rollout_id).get(each) for each in wanted)
        return chosen | (self.ask(name, sql, place, rollout_id) if ready else _NOTHING | _said(""))

    def ask(self, name: str, sql: str, place: str | None, rollout_id: str) -> Answer:
        """The question is asked, as it stands in the field."""
        field = {"rollout_id": {"visible": bool(rollout_id) or "$rollout_id" in sql}}
        try:
            found = answered(self.lake, sql, _given(place, rollout_id))
        except QueryError as error:
            return field | _NOTHING | _said(notice(str(error), "error"))
        own = sql.strip() != question(name).strip()
        words = ["r1data", "sql", sql.strip() if own else name]
        words += [word for key, value in found.used.items() for word in ("-p", f"{key}={value}")]
        told = f'<p class="asked">{escaped(_told(found))} <code>{escaped(shlex.join(words))}</code></p>'
        link = {"sql": sql.strip()} if own else {"question": name}
        return (
            field
            | {"table": {"value": rows_table(found.rows)}, "link": {"value": json.dumps(link | found.used)}}
            | _said(told)
            | _chart(found.rows)
        )

    def draw(self, axes: str, height: str) -> Answer:
        """The bars are to show another column; `axes` as `_chart` made them."""
        return {"chart": {"y": height, "y_lim": json.loads(axes)[height]}}

    def _loaded(self, asked: dict[str, str]) -> Answer:
        known, names = places(self.lake, "plan", "selected"), titles()
        name = asked.get("question", FIRST)
        told = ""
        if name not in names:
            name, told = FIRST, notice(f"There is no question {nearest(name, names)}", "error")
        fits = [
            f"{recipe}/{night}"
            for recipe, night in known
            if asked.get("recipe", recipe) == recipe and asked.get("night", night) == night
        ]
        if known and not fits:
            told += notice("There is no such recipe and night. Choose one.", "error")
        place, rollout_id = (fits or [None])[0], asked.get("rollout_id", "")
        choices = [(f"{recipe} · {night}", f"{recipe}/{night}") for recipe, night in known]
        chooser: Answer = {
            "question": {"choices": [(title, key) for key, title in names.items()], "value": name},
            "place": {"choices": choices, "value": place},
            "rollout_id": {"value": rollout_id, "visible": bool(rollout_id)},
        }
        if own := asked.get("sql"):
            return chooser | {"sql": {"value": own}} | _said(told + notice("SQL of a link: Run asks it."))
        shown = self.choose(name, place, rollout_id)
        shown["rollout_id"] = chooser["rollout_id"] | shown["rollout_id"]
        if not known and not shown.get("link"):
            told = notice(f"{self.lake.root} holds no night yet. `r1data run` makes one.")
        return chooser | shown | (_said(told) if told else {})


def rows_table(rows: pl.DataFrame) -> str:
    """Rows as HTML; a long cell is cut."""
    if rows.is_empty():
        return '<p class="none">It found no rows.</p>'
    numeric = [" class=number" if dtype.is_numeric() else "" for dtype in rows.dtypes]
    heads = "".join(
        f"<th{kind}>{escaped(name)}</th>" for name, kind in zip(rows.columns, numeric, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{_cell(value)}</td>" for value, kind in zip(row, numeric, strict=True))
        + "</tr>"
        for row in rows.iter_rows()
    )
    table = f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table class="rows">{table}</table></div>'


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
    )
    return escaped(text if len(text) <= _CELL_CHARS else f"{text[:_CELL_CHARS]} …")


def _told(found: Answered) -> str:
    n = found.rows.height
    rows = f"the first {MOST_ROWS:,} rows of more" if found.more else f"{n:,} row{'' if n == 1 else 's'}"
    return f"{rows}, {found.elapsed_s:.2f} s"


def _chart(rows: pl.DataFrame) -> Answer:
    """A chart of the first column of numbers, and what is needed to draw it of another one."""
    bars = chartable(rows)
    if bars is None:
        return {"chart": {"visible": False}, "height": {"visible": False}}
    name, heights = bars
    frame = rows.select(pl.col(name).cast(pl.String), pl.col(heights).cast(pl.Float64))
    axes = {height: _axis(frame[height]) for height in heights}
    first = {"x": name, "y": heights[0], "y_lim": axes[heights[0]], "sort": frame[name].to_list()}
    return {
        "chart": first | {"value": frame.to_pandas(), "visible": True},
        "height": {"choices": heights, "value": heights[0], "visible": len(heights) > 1},
        "axes": {"value": json.dumps(axes)},
    }


def _axis(heights: pl.Series) -> list[float | None]:
    """Least and greatest of an axis, so that bars begin at zero; None leaves an end to the chart."""
    values = heights.fill_nan(None).drop_nulls()
    return [min(0.0, *values), None if max(0.0, *values) else 0.0]


def _given(place: str | None, rollout_id: str) -> dict[str, str]:
    recipe, _, night = (place or "/").partition("/")
    return {"recipe": recipe, "night": night, "rollout_id": (rollout_id or "").strip()}


def _said(markup: str) -> Answer:
    return {"message": {"value": markup}}
