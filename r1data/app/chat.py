"""The tab on which people chat: two models side by side, thoughts folded, thumbs that become reviews."""

import atexit
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from r1data.app import chat_markup
from r1data.app.chat_moves import MAX_TOKENS, TEMPERATURE, TOP_P, ChatMoves
from r1data.app.chat_talk import SIDES, Talk
from r1data.app.events import QUIET, follow_name, on
from r1data.app.moves import Answer
from r1data.app.servers import Servers
from r1data.lake import Lake

if TYPE_CHECKING:
    import gradio as gr

_KEYS = (
    "Keys: Enter send · Shift+Enter new line · u thumb up, d down (left answer; with Shift the right one) · "
    "t fold or unfold · Esc leave a field"
)
_LOAD_JS = "() => [window.location.search, localStorage.getItem('r1data_reviewer') || '']"
_LINK_JS = "(left, right) => { window.r1data.link('chat', { left, right }); }"
_ACT_JS = "(talk, _, name) => [talk, window.r1data.wanted.shift(), name]"
_SLIDERS = ("temperature", "top_p", "max_tokens")
_LONG = QUIET | {"concurrency_limit": None}
"""Of events that last as long as models write, any number run at once."""


def tab(lake: Lake, page: "gr.Blocks", entered: "gr.Tab") -> None:
    """Build the tab."""
    servers = Servers()
    atexit.register(servers.stop)
    moves, parts = ChatMoves(lake, servers), _threads() | _actions()
    asking = (*SIDES, *_SLIDERS)

    on(parts, page.load, moves.load, ("left", "right"), js=_LOAD_JS)
    typed = ("talk", "text", *asking)
    _follow(parts, parts["text"].submit, moves.send, typed, trigger_mode="multiple")  # answered at any time
    _follow(parts, parts["send"].click, moves.send, typed)
    _follow(parts, parts["retry"].click, moves.retry, ("talk", *asking))
    on(parts, parts["stop"].click, moves.stop, ("talk",))
    on(parts, parts["clear"].click, moves.clear, ("talk",))
    _act(parts, moves)
    follow_name(parts["name"], entered)
    for side in SIDES:
        parts[side].change(fn=None, inputs=[parts["left"], parts["right"]], js=_LINK_JS)


def _follow(
    parts: dict[str, Any],
    event: Callable[..., Any],
    move: Callable[..., AsyncIterator[Answer]],
    inputs: tuple[str, ...],
    trigger_mode: str = "once",
) -> None:
    """Answer an event with a move that goes on for a while; `once` drops what comes before its end."""

    async def answered(*given: Any) -> AsyncIterator[dict[Any, Any]]:
        async for answer in move(*given):
            yield _updates(parts, answer)

    given = [parts[name] for name in inputs]
    event(answered, inputs=given, outputs=_shown(parts), trigger_mode=trigger_mode, **_LONG)


def _act(parts: dict[str, Any], moves: ChatMoves) -> None:
    async def answered(talk: Talk, wanted: str, name: str) -> dict[Any, Any]:
        return _updates(parts, await moves.act(talk, wanted, name))

    inputs = [parts[name] for name in ("talk", "wanted", "name")]
    every: dict[str, Any] = _LONG | {"trigger_mode": "multiple"}  # one button for all replies
    parts["act"].click(answered, inputs=inputs, outputs=_shown(parts), js=_ACT_JS, **every)


def _updates(parts: dict[str, Any], answer: Answer) -> dict[Any, Any]:
    import gradio as gr

    return {parts[name]: gr.update(**changed) for name, changed in answer.items()}


def _shown(parts: dict[str, Any]) -> list[Any]:
    return [part for name, part in parts.items() if name not in ("talk", "wanted", "act")]


def _threads() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {"talk": gr.State(Talk())}
    with gr.Row(elem_id="chat_sides"):
        for side in SIDES:
            label = {"left": "Left: student", "right": "Right: teacher"}[side]
            parts[side] = gr.Dropdown(
                [],
                label=label,
                info="or type a server's address",
                allow_custom_value=True,
                elem_id=f"chat_{side}",
                min_width=150,
            )
    parts["past"] = gr.HTML(elem_id="chat_past", elem_classes="chat_thread")
    parts["live"] = gr.HTML(chat_markup.live(Talk()), elem_id="chat_live", elem_classes="chat_thread")
    parts["wanted"] = gr.Textbox(visible="hidden")
    parts["act"] = gr.Button(visible="hidden", elem_id="chat_act")  # pressed by chat.js
    return parts


def _actions() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Column(elem_id="chat_actions"):
        parts["message"] = gr.HTML(elem_id="chat_message")
        with gr.Accordion("Sampling and your name", open=False, elem_id="chat_sampling"), gr.Row():
            parts["temperature"] = gr.Slider(0, 2, TEMPERATURE, step=0.05, label="Temperature", min_width=140)
            parts["top_p"] = gr.Slider(0.05, 1, TOP_P, step=0.05, label="Top-p", min_width=140)
            parts["max_tokens"] = gr.Slider(
                1, 32_768, MAX_TOKENS, step=1, label="Tokens at most", min_width=140
            )
            parts["name"] = gr.Textbox(
                label="Your name, for thumbs", max_lines=1, min_width=140, elem_id="chat_name"
            )
        parts["text"] = gr.Textbox(
            placeholder="Ask both",
            show_label=False,
            lines=1,
            max_lines=6,
            container=False,
            elem_id="chat_text",
        )
        with gr.Row(elem_id="chat_buttons"):
            parts["clear"] = gr.Button("Clear", elem_id="chat_clear")
            parts["retry"] = gr.Button("Retry", elem_id="chat_retry")
            parts["stop"] = gr.Button("Stop", variant="stop", visible=False, elem_id="chat_stop")
            parts["send"] = gr.Button("Send", variant="primary", elem_id="chat_send")
        gr.HTML(f"<p>{_KEYS}</p>", elem_id="chat_keys")
    return parts
