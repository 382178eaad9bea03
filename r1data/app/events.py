"""How a tab of the page answers events: each by one function, a move, whose answer names components."""

from collections.abc import Callable
from typing import Any

from r1data.app.moves import Answer, safely

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 4}
"""Events that show no progress, are no API, and of which four run at once."""


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
