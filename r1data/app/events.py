"""How a tab of the page answers events: each by one function, a move, whose answer names components."""

from collections.abc import Callable
from typing import Any

from r1data.app.moves import Answer, safely

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 4}
"""Events that show no progress, are no API, and of which four run at once."""
_NAME_JS = "(name) => localStorage.getItem('r1data_reviewer') ?? name"


def on(
    parts: dict[str, Any],
    event: Callable[..., Any],
    move: Callable[..., Answer],
    inputs: tuple[str, ...],
    js: str | None = None,
) -> Any:
    """Answer an event with a move; `js` may give other inputs than the components hold.

    Args:
        parts: components of the tab by name; what a lake that cannot be read says goes to `message`.
        event: such as `button.click`.
        move: from the values of `inputs` to the properties that change.
        inputs: names of components.
        js: a JavaScript function that makes the values of `inputs`.
    """
    import gradio as gr

    def answered(*given: Any) -> dict[Any, Any]:
        return {parts[name]: gr.update(**changed) for name, changed in safely(move, *given).items()}

    outputs = list(parts.values())
    return event(answered, inputs=[parts[name] for name in inputs], outputs=outputs, js=js, **QUIET)


def follow_name(name: Any, entered: Any) -> None:
    """Keep a field for the person's name as it was typed last in this browser, in whichever tab or window.

    Args:
        name: the field; each tab has its own, and page.js stores what is typed into it.
        entered: its tab.
    """
    import gradio as gr

    changed = gr.Button(visible="hidden", elem_classes="name_changed")  # pressed by page.js
    for event in (changed.click, entered.select):
        event(fn=None, inputs=name, outputs=name, js=_NAME_JS)
