"""The tab in which people ask the catalog: the questions of `sql/questions/`, and any other SELECT."""

from functools import partial
from typing import TYPE_CHECKING, Any

from r1data.app.events import on
from r1data.app.sql_moves import SqlMoves
from r1data.lake import Lake

if TYPE_CHECKING:
    import gradio as gr

_LOAD_JS = "() => [window.location.search]"
_ENTER_JS = "(sql) => [sql, window.r1data.entering('sql')]"
_LINK_JS = "(link) => { window.r1data.link('sql', link); }"
_ASKED = ("question", "sql", "place", "rollout_id")


def tab(lake: Lake, page: "gr.Blocks", entered: "gr.Tab") -> None:
    """Build the tab."""
    parts = _parts()
    moves = SqlMoves(lake)
    answer = partial(on, parts)

    answer(page.load, moves.load, ("link",), js=_LOAD_JS)
    answer(entered.select, moves.enter, ("sql", "link"), js=_ENTER_JS)
    for name in ("question", "place"):
        answer(parts[name].input, moves.choose, ("question", "place", "rollout_id"))
    answer(parts["rollout_id"].submit, moves.ask, _ASKED)
    answer(parts["run"].click, moves.ask, _ASKED)
    answer(parts["height"].input, moves.draw, ("axes", "height"))
    parts["link"].change(fn=None, inputs=parts["link"], js=_LINK_JS)


def _parts() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Row(elem_id="ask"):
        parts["question"] = gr.Dropdown([], label="Question", scale=3, min_width=280, elem_id="question")
        parts["place"] = gr.Dropdown([], label="$recipe and $night", scale=1, min_width=190)
        parts["rollout_id"] = gr.Textbox(
            label="$rollout_id", max_lines=1, scale=1, min_width=190, visible=False, elem_id="rollout_id"
        )
    parts["sql"] = gr.Code(language="sql", label="SQL, read-only", lines=6, max_lines=24, elem_id="sql_text")
    with gr.Row(elem_id="runs"):
        parts["run"] = gr.Button("Run (Ctrl+Enter)", variant="primary", elem_id="run", size="sm", scale=0)
        parts["height"] = gr.Dropdown(
            [], label="Bars show", visible=False, elem_id="height", scale=0, min_width=220
        )
    parts["message"] = gr.HTML(elem_id="sql_message")
    parts["chart"] = gr.BarPlot(visible=False, height=260, elem_id="chart", x_label_angle=-30)
    parts["table"] = gr.HTML(elem_id="rows")
    for name in ("link", "axes"):
        parts[name] = gr.Textbox(visible="hidden", elem_id=f"sql_{name}")
    return parts
