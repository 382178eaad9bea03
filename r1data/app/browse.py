"""The tab on which people look around: rollouts by filters, and all that is known of one."""

from functools import partial
from typing import TYPE_CHECKING, Any

from r1data.app.browse_moves import FIELDS, BrowseMoves
from r1data.app.events import on
from r1data.app.find import COUNTED
from r1data.lake import Lake

if TYPE_CHECKING:
    import gradio as gr

_KEYS = "Keys: n next · p previous · t fold or unfold · 1 to 4 tabs · Esc leave a field"
_LOAD_JS = "() => [window.location.search]"
_ENTER_JS = "(look) => [look, window.r1data.entering('browse')]"
_LINK_JS = "(link) => { window.r1data.link('browse', link); }"
_LABELS = {"reason": "Reason against it"}
_PLACE_WIDTH, _WIDTH = 190, 130


def tab(lake: Lake, page: "gr.Blocks", entered: "gr.Tab") -> None:
    """Build the tab."""
    parts = _filters() | _panes()
    moves = BrowseMoves(lake)
    answer = partial(on, parts)

    answer(page.load, moves.load, ("link",), js=_LOAD_JS)
    answer(entered.select, moves.enter, ("look", "link"), js=_ENTER_JS)
    answer(parts["place"].input, moves.choose, FIELDS)
    for name in COUNTED:
        answer(parts[name].input, moves.filter, FIELDS)
    answer(parts["id"].submit, moves.filter, FIELDS)
    answer(parts["clear"].click, moves.clear, FIELDS)
    for name, by in (("back", -1), ("on", 1)):
        answer(parts[name].click, partial(moves.turn, by), ("look", *FIELDS))
    for name, by in (("previous", -1), ("next", 1)):
        answer(parts[name].click, partial(moves.step, by), ("look", *FIELDS))
    answer(parts["wanted"].change, moves.open, ("wanted", "look", *FIELDS))
    parts["link"].change(fn=None, inputs=parts["link"], js=_LINK_JS)


def _filters() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Row(elem_id="filters"):
        parts["place"] = gr.Dropdown([], label="Recipe and night", min_width=_PLACE_WIDTH, scale=2)
        for name in COUNTED:
            label = _LABELS.get(name, name.capitalize())
            parts[name] = gr.Dropdown([], label=label, min_width=_WIDTH, allow_custom_value=False)
        parts["id"] = gr.Textbox(
            label="Id begins with", placeholder="and Enter", max_lines=1, min_width=_WIDTH, elem_id="begins"
        )
    return parts


def _panes() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Row(elem_id="panes"):
        with gr.Column(scale=2, min_width=300, elem_id="list"):
            with gr.Row(elem_id="pages"):
                parts["back"] = gr.Button("‹", elem_id="back", size="sm", min_width=0)
                parts["count"] = gr.HTML(elem_id="count")
                parts["on"] = gr.Button("›", elem_id="on", size="sm", min_width=0)
                parts["clear"] = gr.Button("Clear filters", elem_id="clear", size="sm", min_width=0)
            parts["found"] = gr.HTML(elem_id="found")
        with gr.Column(scale=5, min_width=320, elem_id="reading"):
            parts["message"] = gr.HTML(elem_id="browse_message")
            parts["trace"] = gr.HTML(elem_id="trace")
            with gr.Row(elem_id="steps"):
                parts["previous"] = gr.Button("Previous", elem_id="browse_previous", size="sm")
                parts["next"] = gr.Button("Next", elem_id="browse_next", size="sm")
            gr.HTML(f"<p>{_KEYS}</p>", elem_id="browse_keys")
    for name in ("look", "link", "wanted"):
        parts[name] = gr.Textbox(visible="hidden", elem_id=f"browse_{name}")
    return parts
