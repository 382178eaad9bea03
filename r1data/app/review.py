"""The tab on which people review: one rollout at a time, by buttons or keys, with links to pass on."""

from functools import partial
from typing import TYPE_CHECKING, Any

from r1data.app.desk import Desk
from r1data.app.events import follow_name, on
from r1data.app.moves import Moves
from r1data.curate.review_queue import QUEUES
from r1data.lake import Lake

if TYPE_CHECKING:
    import gradio as gr

_KEYS = "Keys: a approve · r reject · e edit · n next · p previous · t fold or unfold · Esc leave a field"
_LOAD_JS = "() => [window.location.search, localStorage.getItem('r1data_reviewer') || '']"
_ENTER_JS = (
    "(open) => [open, window.r1data.entering('review'), localStorage.getItem('r1data_reviewer') || '']"
)
_LINK_JS = "(open, of, place) => { window.r1data.review(open, of, place); }"
_BLUR_JS = "(...given) => { document.activeElement?.blur(); return given; }"
_FOCUS_JS = "() => { window.r1data.focus('#edited_answer textarea'); }"
_TYPED = ("open", "of", "place", "reviewer", "note", "reasoning", "answer")


def tab(lake: Lake, page: "gr.Blocks", entered: "gr.Tab") -> None:
    """Build the tab."""
    parts = _chooser() | _actions()
    moves = Moves(Desk(lake))
    answer = partial(on, parts)

    answer(page.load, moves.load, ("open", "note"), js=_LOAD_JS)
    answer(entered.select, moves.enter, ("open", "note", "reviewer"), js=_ENTER_JS)
    for name in ("of", "place"):
        answer(parts[name].input, moves.choose, ("of", "place"), js=_BLUR_JS)
    answer(parts["next"].click, partial(moves.step, True), ("open", "of", "place"))
    answer(parts["previous"].click, partial(moves.step, False), ("open", "of", "place"))
    for name, verdict in (("approve", "approve"), ("reject", "reject"), ("store", "edit")):
        answer(parts[name].click, partial(moves.decide, verdict), _TYPED)
    answer(parts["edit"].click, moves.edit, ("open",)).then(fn=None, js=_FOCUS_JS)
    answer(parts["cancel"].click, moves.cancel, ())
    follow_name(parts["reviewer"], entered)
    parts["open"].change(fn=None, inputs=[parts[name] for name in ("open", "of", "place")], js=_LINK_JS)


def _chooser() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    small: dict[str, Any] = {"min_width": 130}
    with gr.Row(elem_id="chooser"):
        parts["of"] = gr.Dropdown(list(QUEUES), value="accepted", label="Queue", filterable=False, **small)
        parts["place"] = gr.Dropdown([], label="Recipe and night", min_width=190)
        parts["reviewer"] = gr.Textbox(label="Your name", max_lines=1, elem_id="reviewer", **small)
    parts["standing"] = gr.HTML(elem_id="standing")
    parts["card"] = gr.HTML(elem_id="card")
    parts["open"] = gr.Textbox(visible="hidden", elem_id="open")
    with gr.Column(visible=False, elem_id="editor") as parts["editor"]:
        parts["reasoning"] = gr.Textbox(label="Thought", lines=5, max_lines=12, elem_id="edited_reasoning")
        parts["answer"] = gr.Textbox(label="Answer", lines=3, max_lines=12, elem_id="edited_answer")
    return parts


def _actions() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Column(elem_id="actions"):
        parts["message"] = gr.HTML(elem_id="message")
        note = {"placeholder": "Note, if you like", "show_label": False, "container": False}
        parts["note"] = gr.Textbox(label="Note", max_lines=1, elem_id="note", visible=False, **note)
        with gr.Row(elem_id="buttons") as parts["buttons"]:
            parts["previous"] = gr.Button("Previous", elem_id="previous")
            parts["approve"] = gr.Button("Approve", elem_id="approve", visible=False, variant="primary")
            parts["reject"] = gr.Button("Reject", elem_id="reject", visible=False, variant="stop")
            parts["edit"] = gr.Button("Edit", elem_id="edit", visible=False)
            parts["next"] = gr.Button("Next", elem_id="next")
        with gr.Row(elem_id="edit_buttons", visible=False) as parts["edit_row"]:
            parts["cancel"] = gr.Button("Cancel the edit", elem_id="cancel")
            parts["store"] = gr.Button("Store the edit", elem_id="store", variant="primary")
        gr.HTML(f"<p>{_KEYS}</p>", elem_id="keys")
    return parts
