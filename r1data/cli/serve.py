"""Verb `serve`: an OpenAI-compatible server of a student."""

from enum import StrEnum
from typing import Annotated

import typer


class ServingEngine(StrEnum):
    """What serves a model."""

    vllm = "vllm"
    sglang = "sglang"


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command()(serve)


def serve(
    name: Annotated[str, typer.Argument(help="A student, embedded:NAME or a model folder.")],
    flags: Annotated[list[str] | None, typer.Argument(help="Further flags of vLLM, after `--`.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address; beyond this machine only with R1DATA_TOKEN set.")
    ] = "127.0.0.1",
    slots: Annotated[int, typer.Option(min=1, help="Completions decoded at once.")] = 128,
    queue: Annotated[
        int, typer.Option(min=0, help="Requests that may wait beyond these; the next gets 429.")
    ] = 256,
    context: Annotated[
        int | None, typer.Option(min=16, help="Tokens of prompt and completion; the model's own without it.")
    ] = None,
    engine: Annotated[
        ServingEngine, typer.Option(help="sglang: print the command that serves it with SGLang, and end.")
    ] = ServingEngine.vllm,
) -> None:
    """Serve a model by OpenAI's API until it is interrupted, with budgets, a bounded queue and metrics."""
    if engine is ServingEngine.sglang:
        from r1data.serve.backend import find, sglang_command
        from r1data.serve.run import checked_token

        checked_token(host)
        print(sglang_command(find(name), host=host, port=port, context_tokens=context))
        return
    from r1data.serve import run

    run.serve(name, host=host, port=port, slots=slots, queue=queue, context_tokens=context, flags=flags or [])
