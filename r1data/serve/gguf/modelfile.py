"""Modelfile: what `ollama create` reads (https://docs.ollama.com/modelfile).

FROM ./smollm2-q8_0.gguf
TEMPLATE \"\"\"{{ range $i, $_ := .Messages }}…\"\"\"
PARAMETER temperature 0.6
PARAMETER stop "<|im_end|>"
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from r1data.generate.models import ModelFolder
from r1data.serve.gguf.turns import Turns

SAMPLING = {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0, "repeat_penalty": 1}
"""R1's; what it does not name is off, where Ollama's own defaults leave out tokens."""
NUM_PREDICT = 2048
"""Tokens of a thought and its answer, at most."""
CONTEXT_TOKENS = 4096
"""Of a model that does not say for how many it was made."""


def modelfile(file: str, turns: Turns, stops: Sequence[str], context_tokens: int) -> str:
    """The text of a Modelfile.

    Args:
        file: name of the GGUF file beside it.
        turns: the chat template.
        stops: texts at which a completion ends.
        context_tokens: prompt and completion together.
    """
    numbers = SAMPLING | {"num_predict": min(NUM_PREDICT, context_tokens), "num_ctx": context_tokens}
    lines = [f"FROM ./{file}", f'TEMPLATE """{turns.go()}"""']
    lines += [f"PARAMETER {name} {value}" for name, value in numbers.items()]
    lines += [f"PARAMETER stop {orjson.dumps(stop).decode()}" for stop in stops]
    return "\n".join(lines) + "\n"


def context_of(model: ModelFolder) -> int:
    """Tokens of prompt and completion that a model's Modelfile asks for."""
    return model.context_tokens or CONTEXT_TOKENS


def special_tokens(folder: Path) -> dict[str, str]:
    """`bos_token` and such by name, as chat templates see them."""
    config = _json(folder / "tokenizer_config.json")
    named = {name: value for name, value in config.items() if name.endswith("_token")}
    texts = {name: value["content"] if isinstance(value, Mapping) else value for name, value in named.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def stops_of(folder: Path) -> list[str]:
    """Texts of the tokens that end a completion, by generation_config.json, else config.json."""
    config = _json(folder / "config.json") | _json(folder / "generation_config.json")
    ends = config.get("eos_token_id")
    ids = ends if isinstance(ends, list) else [ends]
    added = _json(folder / "tokenizer.json").get("added_tokens", [])
    texts = {token["id"]: token["content"] for token in added}
    return [texts[one] for one in ids if one in texts]


def _json(file: Path) -> dict[str, Any]:
    return orjson.loads(file.read_bytes()) if file.is_file() else {}
