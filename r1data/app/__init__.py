"""One page for people, `r1data app`. To add a tab, write a file here and name it below.

A tab is a function that builds its part of the page: `tab(lake, page, entered)`, called inside Gradio's
tab, which it is given. Gradio comes with the extra `serve` and takes seconds to import, so only what serves
the page imports it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from r1data.app import browse, chat, review, sql
from r1data.lake import Lake

if TYPE_CHECKING:
    import gradio as gr

TABS: dict[str, Callable[[Lake, "gr.Blocks", "gr.Tab"], None]] = {
    "Browse": browse.tab,
    "Review": review.tab,
    "Chat": chat.tab,
    "SQL": sql.tab,
}
"""Tabs by title, from left to right."""
