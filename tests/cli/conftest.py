"""Lakes for the verbs that read one: a small night, a finished one, and one with the next night.

Each is made once, and put back in its place for a test that may change it: the catalog names its files
absolutely, so a copy elsewhere would need a catalog of its own.
"""

import shutil
from pathlib import Path

import pytest

from r1data.curate.pii import VERSION
from r1data.lake import Lake
from tests.conftest import FAKE, run_verb
from tests.sql.conftest import RECIPE, night_of_five, publish

NIGHT, NEXT = "2026-01-02", "2026-01-03"
AGAIN = ("context_tokens = 1024", "context_tokens = 1024\nunsolved = { prompts_per_night = 2, attempts = 3 }")


def put_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The lake of a home as it was when it was kept; verbs work in that home, which has a Dagster already."""
    shutil.rmtree(home / "lake", ignore_errors=True)
    shutil.copytree(home / "kept", home / "lake")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("R1DATA_LAKE", str(home / "lake"))
    monkeypatch.setenv("R1DATA_RECIPE", str(FAKE))
    return Lake()


@pytest.fixture(scope="session")
def night_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `lake` is a small night, and whose `kept` is that lake as it was made."""
    folder = tmp_path_factory.mktemp("small night")
    searched = [("prompt", name) for name in "pq"] + [("trace", name) for name in "abcd"]
    none = {"version": VERSION, "n_marks": 0, "marks": []}
    found = [{"subject": subject, "subject_id": name} | none for subject, name in searched]
    publish(Lake(folder / "lake"), night_of_five() | {"pii": found})
    shutil.copytree(folder / "lake", folder / "kept")
    return folder


@pytest.fixture
def night_lake(night_folder: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Five rollouts of recipe `r` at two prompts, of which a and e were accepted; all but e were searched for
    personal data, and none was found. The home is this test's own.
    """
    lake = put_back(night_folder, monkeypatch)
    recipe = tmp_path / "r.toml"
    recipe.write_text(FAKE.read_text(encoding="utf-8").replace('"fake"', f'"{RECIPE}"', 1), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("R1DATA_RECIPE", str(recipe))
    return lake


@pytest.fixture(scope="session")
def finished_folder(finished_home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the home with one finished night of the scripted engine."""
    home = tmp_path_factory.mktemp("finished") / "a home"
    shutil.copytree(finished_home["DAGSTER_HOME"], home, symlinks=True)
    Lake(home / "lake").rebuild_catalog()
    shutil.copytree(home / "lake", home / "kept")
    return home


@pytest.fixture
def finished_lake(finished_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """One finished night of the scripted engine, for a test to change."""
    return put_back(finished_folder, monkeypatch)


@pytest.fixture(scope="session")
def next_folder(finished_home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with that night and the next, whose recipe `again.toml` asks unsolved prompts again."""
    home = tmp_path_factory.mktemp("next") / "a home"
    shutil.copytree(finished_home["DAGSTER_HOME"], home, symlinks=True)
    Lake(home / "lake").rebuild_catalog()
    text = FAKE.read_text(encoding="utf-8")
    assert AGAIN[0] in text
    (home / "again.toml").write_text(text.replace(*AGAIN), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setenv("R1DATA_LAKE", str(home / "lake"))
        assert run_verb("run", "--night", NEXT, "--recipe", home / "again.toml") == 0
    shutil.copytree(home / "lake", home / "kept")
    return home


@pytest.fixture
def next_lake(next_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two finished nights of the scripted engine, for a test to change."""
    return put_back(next_folder, monkeypatch)
