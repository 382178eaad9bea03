"""A check that a server receives what is meant: its chat template keeps the system text and the prompt.

vLLM offers `/tokenize` and `/detokenize` beside `/v1`: a conversation is turned into tokens and back, as the
model would see it. Other servers have no such addresses, and are believed.
"""

import logging
import unicodedata
from typing import Any

from r1data.errors import EngineError
from r1data.generate.engines.openai.server import Denied, Failed, Server

_LOG = logging.getLogger(__name__)
_RENDERING = (
    "model", "messages", "chat_template", "chat_template_kwargs", "continue_final_message",
    "add_generation_prompt",
)  # fmt: skip


async def check(server: Server, body: dict[str, Any]) -> None:
    """Render the conversation of a chat completion's body on the server, and look for its texts.

    Whitespace, case and forms of letters are not compared: templates trim, and tokenizers normalise.

    Raises:
        EngineError: a text is missing.
    """
    try:
        rendered = {key: body[key] for key in _RENDERING if key in body}
        tokens = (await server.call_root("/tokenize", rendered))["tokens"]
        shown = (await server.call_root("/detokenize", {"model": body["model"], "tokens": tokens}))["prompt"]
        seen = _packed(shown)
    except (Denied, Failed, EngineError, AttributeError, KeyError, TypeError) as error:
        _LOG.info("%s does not show how it renders a conversation (%s)", server.url, error)
        return
    for role, text in _texts(body["messages"]):
        if _packed(text) not in seen:
            raise EngineError(
                f"{server.url} does not show the model the {role} text {text[:60]!r}, but {shown[:200]!r}. "
                "Start the server with the model's own chat template."
            )


def _packed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _texts(messages: list[dict[str, str]]) -> list[tuple[str, str]]:
    """System texts, the last question, and the prefill; templates may cut thoughts out of few-shots."""
    questions = [message for message in messages if message["role"] == "user"]
    prefill = [message for message in messages[-1:] if message["role"] == "assistant"]
    systems = [message for message in messages if message["role"] == "system"]
    return [(message["role"], message["content"]) for message in (*systems, *questions[-1:], *prefill)]
