"""A lake with a small night for the verbs that read one."""

from pathlib import Path

import pytest

from r1data.curate.pii import VERSION
from r1data.lake import Lake
from tests.conftest import FAKE
from tests.sql.conftest import RECIPE, night_of_five, publish


@pytest.fixture
def night_lake(home_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The home's lake with five rollouts of recipe `r` at two prompts, of which a and e were accepted; all
    but e were searched for personal data, and none was found.
    """
    searched = [("prompt", name) for name in "pq"] + [("trace", name) for name in "abcd"]
    none = {"version": VERSION, "n_marks": 0, "marks": []}
    found = [{"subject": subject, "subject_id": name} | none for subject, name in searched]
    publish(home_lake, night_of_five() | {"pii": found})
    recipe = tmp_path / "r.toml"
    recipe.write_text(FAKE.read_text(encoding="utf-8").replace('"fake"', f'"{RECIPE}"', 1), encoding="utf-8")
    monkeypatch.setenv("R1DATA_RECIPE", str(recipe))
    return home_lake
