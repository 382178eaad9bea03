"""The optional stage: texts that mean the same as an item, by their embeddings, and a judge if one is named.

As LMSYS' llm-decontaminator (Yang et al. 2023, arXiv:2311.04850): the most similar items of each text, and a
model that says whether the two are the same problem, possibly rephrased or translated.

What this does not see: an item inside a much longer text, whose embedding is of the whole.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from r1data.curate.decontaminate.compare import Hit
from r1data.curate.decontaminate.index import Index, tokens
from r1data.errors import EngineError
from r1data.recipe import Embedding

if TYPE_CHECKING:
    import openai

BATCH_TEXTS = 64
MOST_CHARS = 6_000
"""What is embedded of a text: models read a few thousand tokens, and refuse more."""
TIMEOUT_S = 120.0
VERDICTS = ("same", "different")
QUESTION = (
    "Two problems are given. Are they the same problem, possibly rephrased, reformatted or translated, with "
    "the same numbers and the same question? Reply `same` or `different`.\n\n"
    "<problem_1>\n{first}\n</problem_1>\n\n<problem_2>\n{second}\n</problem_2>"
)
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": list(VERDICTS)}},
    "required": ["verdict"],
    "additionalProperties": False,
}


def embedding_hits(texts: pl.DataFrame, index: Index, settings: Embedding) -> dict[int, Hit]:
    """The hit of each text that means what an item means, by its row.

    Args:
        texts: row, text.
        index: items; their embeddings are asked for once.
        settings: servers, models and thresholds.

    Raises:
        EngineError: a server fails; nothing is found out then.
        ConfigError: an address is none, or a key is not set.
    """
    asked = texts.filter(pl.col("text").fill_null("").str.strip_chars() != "")
    if not asked.height or not index.rows.height:
        return {}
    server = _Server(settings)
    if settings not in index.embeddings:
        index.embeddings[settings] = server.embed(index.rows["text"].to_list())
    items = index.embeddings[settings]
    found: dict[int, Hit] = {}
    for part in asked.iter_slices(BATCH_TEXTS):
        cosines = server.embed(part["text"].to_list()) @ items.T
        for (row, text), similar in zip(part.iter_rows(), cosines, strict=True):
            for item in np.argsort(-similar, kind="stable")[: settings.top_k].tolist():
                if similar[item] < settings.threshold:
                    break
                if _is_same(text, item, index, settings, server):
                    method = "judge" if settings.judge else "embedding"
                    found[row] = Hit(item, method, 0, len(text), min(float(similar[item]), 1.0))
                    break
    return found


def _is_same(text: str, item: int, index: Index, settings: Embedding, server: "_Server") -> bool:
    """What the judge says; without one, whether the text has all numbers of the item, in any order.

    Embeddings hardly see numbers: the same template with other ones is nearer than most paraphrases.
    """
    if settings.judge:
        return server.says_same(text, index.rows["text"][item])
    subject, own = tokens(pl.Series([text]))[0], index.tokens[item]
    lacking = Counter(own.hashes[own.is_number].tolist())
    lacking.subtract(subject.hashes[subject.is_number].tolist())
    return max(lacking.values(), default=0) <= 0


class _Server:
    """Servers of embeddings and of the judge."""

    def __init__(self, settings: Embedding) -> None:
        self._settings = settings

    def embed(self, texts: list[str]) -> np.ndarray:
        """Unit vectors, float32 [n, size]."""
        settings = self._settings
        parts = []
        with _client(settings.url, settings) as client:
            for batch in _batches(texts):
                told = _asked(settings.url, settings.model, lambda batch=batch: client.embeddings.create(
                    model=settings.model, input=batch, encoding_format="float"
                ))  # fmt: skip
                parts.append(_vectors(told, len(batch), settings))
        found = np.concatenate(parts)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)

    def says_same(self, text: str, item: str) -> bool:
        """Whether the judge takes two texts for the same problem."""
        settings = self._settings
        url = settings.judge_url or settings.url
        question = QUESTION.format(first=text[:MOST_CHARS], second=item[:MOST_CHARS])
        shape = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA}}
        with _client(url, settings) as client:
            told = _asked(url, str(settings.judge), lambda: client.chat.completions.create(
                model=str(settings.judge), messages=[{"role": "user", "content": question}], temperature=0,
                max_tokens=20, response_format=shape,
            ))  # fmt: skip
        return _verdict(told, url) == "same"


def _batches(texts: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(texts), BATCH_TEXTS):
        yield [text[:MOST_CHARS] for text in texts[first : first + BATCH_TEXTS]]


def _client(url: str, settings: Embedding) -> "openai.OpenAI":
    import openai

    from r1data.generate.engines.address import checked_url, key_of

    owner = "contamination.embedding"
    return openai.OpenAI(
        base_url=checked_url(url, owner),
        api_key=key_of(settings.api_key_env, owner) or "none",
        timeout=TIMEOUT_S,
    )


def _asked(url: str, model: str, ask: Any) -> Any:
    import openai

    try:
        return ask()
    except openai.OpenAIError as error:
        raise EngineError(
            f"{url} did not answer for {model}: {str(error)[:200]}. Start the server, mend "
            "[contamination.embedding], or leave the section out; nothing was published."
        ) from error


def _vectors(told: Any, n: int, settings: Embedding) -> np.ndarray:
    try:
        found = np.array([row.embedding for row in sorted(told.data, key=lambda row: row.index)], np.float32)
    except (AttributeError, TypeError, ValueError) as error:
        found, cause = np.empty(0, np.float32), error
    else:
        cause = None
    if found.ndim != 2 or len(found) != n or not np.isfinite(found).all():
        raise EngineError(
            f"{settings.url} gave no embedding for each of {n} texts. Serve {settings.model} for embeddings, "
            "as `vllm serve MODEL --runner pooling` does; nothing was published."
        ) from cause
    return found


def _verdict(told: Any, url: str) -> str:
    try:
        verdict = orjson.loads(told.choices[0].message.content)["verdict"]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        verdict, cause = None, error
    else:
        cause = None
    if verdict not in VERDICTS:
        raise EngineError(
            f"The judge at {url} gave no verdict of {', '.join(VERDICTS)}. Name a model in "
            "contamination.embedding.judge whose server supports response_format; nothing was published."
        ) from cause
    return verdict
