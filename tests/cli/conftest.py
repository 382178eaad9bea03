"""Lakes for the verbs that read one: a small night, a finished one, and one with the next night.

Each is made once, and put back for a test that may change it.
"""

import shutil
from pathlib import Path

import pytest

from r1data.curate.pii import VERSION
from r1data.lake import Lake
from tests.conftest import FAKE, run_verb
from tests.kept import Kept
from tests.sql.conftest import RECIPE, night_of_five, publish

NIGHT, NEXT = "2026-01-02", "2026-01-03"
AGAIN = ("context_tokens = 1024", "context_tokens = 1024\nunsolved = { prompts_per_night = 2, attempts = 3 }")


def put_back(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The lake as it was made; verbs work in the home that it is in, which has a Dagster already."""
    lake = kept.put_back()
    monkeypatch.setenv("DAGSTER_HOME", str(kept.place.parent))
    monkeypatch.setenv("R1DATA_LAKE", lake.root)
    monkeypatch.setenv("R1DATA_RECIPE", str(FAKE))
    return lake


def copied(finished_home: dict[str, str], folder: Path) -> Path:
    """A copy of the home with one finished night."""
    home = shutil.copytree(finished_home["DAGSTER_HOME"], folder / "a home", symlinks=True)
    Lake(home / "lake").rebuild_catalog()
    return home


@pytest.fixture(scope="session")
def kept_night(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A small night."""
    place = tmp_path_factory.mktemp("small night") / "lake"
    searched = [("prompt", name) for name in "pq"] + [("trace", name) for name in "abcd"]
    none = {"version": VERSION, "n_marks": 0, "marks": []}
    found = [{"subject": subject, "subject_id": name} | none for subject, name in searched]
    publish(Lake(place), night_of_five() | {"pii": found})
    return Kept(place)


@pytest.fixture
def night_lake(kept_night: Kept, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Five rollouts of recipe `r` at two prompts, of which a and e were accepted; all but e were searched for
    personal data, and none was found. The home is this test's own.
    """
    lake = put_back(kept_night, monkeypatch)
    recipe = tmp_path / "r.toml"
    recipe.write_text(FAKE.read_text(encoding="utf-8").replace('"fake"', f'"{RECIPE}"', 1), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("R1DATA_RECIPE", str(recipe))
    return lake


@pytest.fixture(scope="session")
def kept_finished(finished_home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """One finished night of the scripted engine, in a home."""
    return Kept(copied(finished_home, tmp_path_factory.mktemp("finished")) / "lake")


@pytest.fixture
def finished_lake(kept_finished: Kept, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """One finished night of the scripted engine, for a test to change."""
    return put_back(kept_finished, monkeypatch)


@pytest.fixture(scope="session")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe like that of the finished night, which asks unsolved prompts again."""
    text = FAKE.read_text(encoding="utf-8")
    assert AGAIN[0] in text
    recipe = tmp_path_factory.mktemp("recipes") / "again.toml"
    recipe.write_text(text.replace(*AGAIN), encoding="utf-8")
    return recipe


@pytest.fixture(scope="session")
def kept_next(finished_home: dict[str, str], again: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """That night and the next, made by `again`, in a home."""
    home = copied(finished_home, tmp_path_factory.mktemp("next"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setenv("R1DATA_LAKE", str(home / "lake"))
        assert run_verb("run", "--night", NEXT, "--recipe", again) == 0
    return Kept(home / "lake")


@pytest.fixture
def next_lake(kept_next: Kept, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two finished nights of the scripted engine, for a test to change."""
    return put_back(kept_next, monkeypatch)
