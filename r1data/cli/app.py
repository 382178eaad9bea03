"""Verb `app`: the page for people."""

import logging
from typing import Annotated

import typer

from r1data.lake import Lake

log = logging.getLogger("r1data")


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command("app")(serve_page)


def serve_page(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 7860,
) -> None:
    """Serve the page on which people browse, review, chat and ask in SQL, on this machine alone, until it is
    interrupted.
    """
    from r1data.app.serve import HOST, serve

    log.info("The page is at http://%s:%s in some seconds; Ctrl+C ends it", HOST, port)
    serve(Lake(), port)
