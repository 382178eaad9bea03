"""A home of its own for every test that runs a job, with the project's models and Dagster settings."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from r1data import paths
from r1data.cli import main
from r1data.lake import Lake

FAKE = paths.PROJECT / "tests" / "data" / "fake.toml"
NIGHT = "2026-01-02"

Run = Callable[..., int]


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of fetched models, before any test moves DAGSTER_HOME."""
    return paths.models()


@pytest.fixture
def home(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Dagster home with a lake, both under a path with a blank."""
    home = tmp_path / "a home"
    home.mkdir()
    shutil.copy(paths.PROJECT / "dagster_home" / "dagster.yaml", home)
    (home / "models").symlink_to(models)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("R1DATA_LAKE", str(home / "lake"))
    monkeypatch.setenv("R1DATA_RECIPE", str(FAKE))
    return home


@pytest.fixture
def r1data(home: Path) -> Run:
    """Run a verb in this process; returns its exit status."""

    def run(*words: str) -> int:
        before = dict(os.environ)
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            return int(end.code or 0)
        finally:
            os.environ.clear()
            os.environ.update(before)
        return 0

    return run


@pytest.fixture
def lake(home: Path) -> Lake:
    """The lake of this test's home."""
    return Lake()
