"""Build the page and serve it on 127.0.0.1, for this machine alone; nothing is fetched from elsewhere.

Traces are texts that a model wrote, perhaps to do harm: they are escaped where they are shown, and should one
slip through, the policy that is sent with every answer keeps the browser from asking any other host. Requests
under another name than this machine's are refused, so that no web page can have its own name point here.

What this does not protect against: other users of this machine, who can open the page too.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.serve.address import check_port

if TYPE_CHECKING:
    import gradio as gr

HOST = "127.0.0.1"
_POLICY = (
    b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
)
_ADDRESS_JS = "() => [window.location.search]"
_HERE = Path(__file__).parent
_SCRIPTS = ("page.js", "chat.js")


def build(lake: Lake) -> "gr.Blocks":
    """The page with all its tabs.

    Raises:
        ConfigError: Gradio is not installed.
    """
    from r1data.app import TABS
    from r1data.app.events import QUIET
    from r1data.app.links import tab_of

    gradio = _gradio()
    with gradio.Blocks(title="r1data", analytics_enabled=False) as page:
        with gradio.Tabs() as tabs:
            for title, tab in TABS.items():
                with gradio.Tab(title, id=title.lower()) as entered:
                    tab(lake, page, entered)
        address = gradio.Textbox(visible="hidden")
        page.load(
            lambda search: gradio.update(selected=tab_of(search)), address, tabs, js=_ADDRESS_JS, **QUIET
        )
    return page


def serve(lake: Lake, port: int, *, wait: bool = True) -> str:
    """Serve the page until it is interrupted, or without `wait` from a thread; returns its address.

    Raises:
        ConfigError: Gradio is not installed, or the port is taken.
    """
    check_port(HOST, port)
    page = build(lake)
    page.launch(
        server_name=HOST,
        server_port=port,
        share=False,
        inbrowser=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        prevent_thread_lock=True,
        theme=_theme(),
        css_paths=[_HERE / "page.css", _HERE / "chat.css"],
        head="".join(f"<script>{(_HERE / name).read_text(encoding='utf-8')}</script>" for name in _SCRIPTS),
        app_kwargs={"middleware": _middleware()},
    )
    if wait:
        page.block_thread()
    return f"http://{HOST}:{port}"


def _gradio() -> Any:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        import gradio
    except ImportError as error:
        raise ConfigError(
            "The page needs Gradio, which is not installed. Install the extra `serve` of r1data."
        ) from error
    return gradio


def _theme() -> Any:
    """Fonts of the reader's machine; those of Gradio's themes are fetched from elsewhere."""
    gradio = _gradio()
    return gradio.themes.Base(
        primary_hue="blue",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )


def _middleware() -> list[Any]:
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    return [Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]), Middleware(_Policy)]


class _Policy:
    """ASGI middleware: every answer says what the browser may load."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = (b"content-security-policy", _POLICY), (b"referrer-policy", b"no-referrer")
                message = message | {"headers": [*message.get("headers", ()), *own]}
            await send(message)

        await self.app(scope, receive, with_policy)
