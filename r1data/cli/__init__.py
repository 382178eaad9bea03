"""The command line: `r1data <verb>`; stdout is data, stderr is talk, and the exit status is 0, 1 or 2.

Each verb calls one library function. An expected error prints one line that says what to do.
"""

import logging
import sys

import typer

from r1data.cli import (
    ablate,
    decontaminate,
    dedup,
    diff,
    export,
    import_,
    judge,
    lake,
    loop,
    mix,
    model,
    night,
    plan,
    query,
    review,
    serve,
    taught,
    train,
    verify,
)
from r1data.cli import app as page
from r1data.errors import R1DataError

app = typer.Typer(
    name="r1data",
    help="Verified, deduplicated corpora of long chain-of-thought traces, every night.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verbs in (
    night,
    plan,
    import_,
    query,
    diff,
    verify,
    dedup,
    decontaminate,
    train,
    ablate,
    loop,
    taught,
    page,
    serve,
):
    verbs.add(app)
app.add_typer(export.app, name="export")
app.add_typer(judge.app, name="judge")
app.add_typer(lake.app, name="lake")
app.add_typer(mix.app, name="mix")
app.add_typer(model.app, name="model")
app.add_typer(review.app, name="review")


def main(arguments: list[str] | None = None) -> None:
    """Run a verb, that of the command line without `arguments`, and exit.

    An R1DataError becomes one line on stderr and its exit status.
    """
    _talk_to_stderr()
    try:
        app(arguments)
    except R1DataError as error:
        print(f"r1data: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


def _talk_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("r1data")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
