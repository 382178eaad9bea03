"""Fixtures that several packages share: the embedded model, and one vLLM for the whole suite."""

from collections.abc import Iterator

import pytest

from r1data.generate import ENGINES
from r1data.generate.engine import Engine
from r1data.generate.fetch import DEFAULT_MODEL
from r1data.generate.models import ModelFolder, resolve
from r1data.recipe import Generate, VllmSettings


@pytest.fixture(scope="session")
def embedded_model() -> ModelFolder:
    """The embedded model; without it the test fails with the text that says how to fetch it."""
    return resolve(DEFAULT_MODEL)


@pytest.fixture(scope="session")
def vllm_engine(embedded_model: ModelFolder) -> Iterator[Engine]:
    """The only vLLM of the suite, a minute to start; a test that loads other weights puts these back."""
    settings = VllmSettings(max_num_seqs=32, kv_cache_bytes=2**29)
    generate = Generate(context_tokens=1024, vllm=settings)
    with ENGINES["vllm"](generate, embedded_model) as engine:
        yield engine
