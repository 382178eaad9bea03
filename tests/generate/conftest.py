"""What the tests of rollouts are made of."""

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from r1data import ids
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.engines.openai_batch.engine import OpenaiBatchEngine
from r1data.generate.models import resolve
from r1data.recipe import Generate

TRACES = [
    {"q": "What is 1 + 1?", "c": "<think>\nTwo.\n</think>\n\n2"},
    {"q": "What is 2 + 2?", "c": "<think>\nFour.\n</think>\n\n4"},
    {"q": "What is 1 + 1?", "c": "<think>\nIt is two.\n</think>\n\n2"},
    {"q": "What is 1 + 1?", "c": "<think>\nTwo.\n</think>\n\n2"},
]
"""Completions of two prompts, as a file has them."""


def attempts_of(n: int, content: str = "What is 2 + 2?") -> Iterator[Attempt]:
    """Attempts 0 … n - 1 at one prompt."""
    messages = ({"role": "user", "content": content},)
    prompt = ids.prompt_id(messages)
    for index in range(n):
        rollout = ids.rollout_id(prompt, "t", index)
        request = Request(rollout, prompt, index, messages, ids.seed(rollout), max_tokens=16)
        yield Attempt(request, "2026-01-01", "t")


@pytest.fixture
def make_attempts() -> Callable[..., Iterator[Attempt]]:
    """`make_attempts(n, content)`."""
    return attempts_of


@pytest.fixture
def scripted() -> Callable[..., FakeEngine]:
    """`scripted(texts=[…], lose_every=3, …)`: a fake engine with that script."""
    return lambda **script: FakeEngine(Generate(engine="fake", fake=script), resolve("fake:test"))


@pytest.fixture
def api() -> Iterator[Any]:
    """A scripted API with batch files."""
    from tests.generate.engines.batch_server import BatchServer

    with BatchServer() as server:
        yield server


@pytest.fixture
def batch_engine(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`batch_engine(requests_per_batch=…)`: not started; all of a test share one home."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))

    def make(**settings: Any) -> Any:
        usual = {"url": api.url, "poll_s": 0.01, "requests_per_batch": 10, "batches_at_once": 3}
        return OpenaiBatchEngine(Generate(openai_batch=usual | settings), resolve("api:m"))

    return make


@pytest.fixture
def requests(make_attempts: Callable[..., Iterator[Attempt]]) -> Callable[..., list[Request]]:
    """`requests(n, start)`: n requests from attempt `start` on."""
    return lambda n, start=0: [attempt.request for attempt in make_attempts(start + n)][start:]


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., Path]:
    """`write_model(name, config={…}, files={…})`: a model folder with one tiny tensor."""

    def write(
        name: str = "m", config: dict[str, Any] | None = None, files: dict[str, bytes] | None = None
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        header = orjson.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})
        weights = len(header).to_bytes(8, "little") + header + bytes(8)
        standard = {
            "config.json": orjson.dumps({"max_position_embeddings": 64, **(config or {})}),
            "tokenizer.json": b"{}",
            "model.safetensors": weights,
        }
        for file, content in (standard | (files or {})).items():
            (folder / file).write_bytes(content)
        return folder

    return write


@pytest.fixture
def traces() -> list[dict[str, str]]:
    """What `write_traces` writes by default."""
    return TRACES


@pytest.fixture
def write_traces(tmp_path: Path) -> Callable[..., Path]:
    """`write_traces(name, rows)`: a file of these rows in the format of its name."""

    def write(name: str = "a.jsonl", rows: Sequence[dict[str, Any]] = TRACES) -> Path:
        path = tmp_path / name
        lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        if path.suffix == ".parquet":
            pl.DataFrame(rows).write_parquet(path)
        elif path.suffix == ".csv":
            pl.DataFrame(rows).write_csv(path)
        else:
            path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
        return path

    return write
