"""Fixtures that several packages share: the embedded model, one vLLM, an S3 server, homes for nights."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from r1data import paths
from r1data.cli import main
from r1data.generate.engine import Engine
from r1data.generate.engines import ENGINES
from r1data.generate.fetch import DEFAULT_MODEL
from r1data.generate.models import ModelFolder, resolve
from r1data.lake import Lake
from r1data.recipe import Generate, VllmSettings
from r1data.schema import TABLES
from r1data.text import thought
from r1data.verify import VERIFIERS

Run = Callable[..., int]
FAKE = paths.PROJECT / "tests" / "data" / "fake.toml"
MODELS = paths.models()  # where they are before any test moves DAGSTER_HOME
SLOW = "pytest.mark." + "slow"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch of this process, too, has others beside it
settings.register_profile("busy", deadline=None)  # a machine with other work stands still now and then
settings.load_profile("busy")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Under `-n` a file's tests stay together, and all that start vLLM run in one process, one by one."""

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "vllm" if is_slow(file) and "vllm" in text_of(file) else file

    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under `-n`, what takes longest begins first."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: not is_slow(item.nodeid.partition("::")[0]))


def is_slow(file: str) -> bool:
    """Whether a file of tests has one that starts or trains a model."""
    return SLOW in text_of(file)


@cache
def text_of(file: str) -> str:
    """A file of tests."""
    return (paths.PROJECT / file).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def embedded_model() -> ModelFolder:
    """The embedded model; without it the test fails with the text that says how to fetch it."""
    return resolve(DEFAULT_MODEL)


@pytest.fixture(scope="session")
def vllm_engine(embedded_model: ModelFolder) -> Iterator[Engine]:
    """The only vLLM of the suite, a minute to start; a test that loads other weights puts these back."""
    # With bfloat16, a batch that comes together in another order writes other tokens.
    settings = VllmSettings(max_num_seqs=32, kv_cache_bytes=2**29, dtype="float32")
    generate = Generate(context_tokens=1024, vllm=settings)
    with ENGINES["vllm"](generate, embedded_model) as engine:
        yield engine


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Address of an S3 server on loopback, in a process of its own: delta-rs holds this one's lock while it
    waits.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            pytest.fail("the S3 server did not start within 30 s")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def new_home(folder: Path) -> dict[str, str]:
    """Make a Dagster home with a lake and the project's models; returns the environment that names it."""
    home = folder / "a home"
    home.mkdir()
    shutil.copy(paths.PROJECT / "dagster_home" / "dagster.yaml", home)
    (home / "models").symlink_to(MODELS)
    return {"DAGSTER_HOME": str(home), "R1DATA_LAKE": str(home / "lake"), "R1DATA_RECIPE": str(FAKE)}


def run_verb(*words: object) -> int:
    """Run a verb of the command line in this process; returns its exit status."""
    before = dict(os.environ)
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return 0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Dagster home with a lake, under a path with a blank."""
    for name, value in new_home(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path / "a home"


@pytest.fixture
def r1data(home: Path) -> Run:
    """Run a verb in this test's home."""
    return run_verb


@pytest.fixture
def home_lake(home: Path) -> Lake:
    """The lake of this test's home."""
    return Lake()


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home whose lake holds one finished night of the scripted engine; read only."""
    environment = new_home(tmp_path_factory.mktemp("night"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        assert run_verb("run", "--night", "2026-01-02") == 0
    return environment


@pytest.fixture
def finished_lake(home_lake: Lake, finished_home: dict[str, str]) -> Lake:
    """The lake of this test's home with one finished night of the scripted engine, as a copy."""
    shutil.copytree(finished_home["R1DATA_LAKE"], home_lake.root)
    home_lake.rebuild_catalog()
    return home_lake


@pytest.fixture
def review_lake(lake_to_review: Path, tmp_path: Path) -> Lake:
    """This test's own copy of `lake_to_review`."""
    return Lake(shutil.copytree(lake_to_review, tmp_path / "review lake"))


@pytest.fixture(scope="session")
def lake_to_review(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of recipe `r` as people review it: of prompt `p`, whose answer is 2, the accepted traces a1 to
    a4, and x1, which no rule decided; of prompt `g`, which no rule decides, g1 without a thought. Their draw
    is in the order of their ids.
    """
    lake = Lake(tmp_path_factory.mktemp("review") / "lake")
    night = {"night": "2026-01-02", "recipe": "r", "teacher_id": "t"}
    told = '1 + 1 = ?\n<img src=x onerror="document.title=1"> {{value}} ${document.title=2} $x^2$ **b**'
    think = (
        "<b>One</b> and one: \\(1+1\\) `code` <think\u200b> {{#if value}}x{{/if}} ${1+1}\n" + "so on " * 200
    )
    texts = {f"a{n}": f"<think>\n{n}. {think}\n</think>\n\nThe answer is 2 ({n})." for n in (1, 2, 3, 4)}
    texts |= {"x1": "<think>\nHm.\n</think>\n\nmaybe", "g1": "Hello to you!"}
    prompts = {"p": told, "g": "Say hello."}

    def add(table: str, *rows: dict[str, object]) -> None:
        schema = TABLES[table].schema
        full = [{name: (night | row).get(name) for name in schema} for row in rows]
        frame = pl.DataFrame(full, schema=schema, orient="row")
        if TABLES[table].kind == "ledger":
            lake.append(table, frame)
        else:
            lake.replace(table, {"recipe": "r", "night": "2026-01-02"}, frame)

    def rollout(name: str) -> dict[str, object]:
        found = thought(texts[name])
        offsets = {"thought_start": found.start, "thought_end": found.end, "answer_start": found.answer_start}
        ids = {"rollout_id": name, "prompt_id": "g" if name == "g1" else "p"}
        return ids | offsets | {"completion": texts[name], "finish_reason": "stop", "completion_tokens": 300}

    def verdict(name: str, word: str) -> dict[str, object]:
        versions = {"verifier_version": VERIFIERS["math"].version, "reference_version": "v"}
        said = {"verdict": word, "reason": "equal" if word == "right" else "unreadable", "extracted": "2"}
        return {"rollout_id": name, "verifier": "math"} | versions | said

    def chosen(name: str) -> dict[str, object]:
        reasons = {"x1": ["verification:unreadable"], "g1": ["verification:unverified"]}.get(name, [])
        ids = {"rollout_id": name, "prompt_id": "g" if name == "g1" else "p"}
        return ids | {
            "accepted": not reasons,
            "reasons": reasons,
            "stage": "verification" if reasons else None,
        }

    add("teachers", {"name": "teacher"})
    for name, text in prompts.items():
        message = {"role": "user", "content": text}
        add("prompts", {"prompt_id": name, "messages": [message], "domain": "math", "source": "s"})
    reference = {"reference": "2", "reference_version": "v", "verifier": "math", "verifier_args": "{}"}
    add("prompt_references", reference | {"prompt_id": "p", "added_at": datetime(2026, 1, 2, tzinfo=UTC)})
    rollouts = [rollout(name) for name in texts]
    add("plan", *rollouts)
    add("rollouts", *rollouts)
    add(
        "verdicts", *(verdict(name, "unknown" if name == "x1" else "right") for name in texts if name != "g1")
    )
    add("selected", *map(chosen, texts))
    return Path(lake.root)
