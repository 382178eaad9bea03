"""What a night measures, and what is left of it when it is cut short."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.curate import measure
from r1data.lake import Lake
from r1data.schema import TABLES

NIGHT = "2026-01-02"


class CutShort(Lake):
    """A lake whose machine fails once it has published `n` times."""

    def __init__(self, root: Path, n: int) -> None:
        super().__init__(root)
        self.left = n

    def append(self, table: str, frame: Any, **named: Any) -> Any:
        if not self.left:
            raise OSError("no space left")
        self.left -= 1
        return super().append(table, frame, **named)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Five rollouts at one prompt; the last one mixes languages."""
    lake = Lake(tmp_path)
    texts = [f"<think>\nFour and one is five, said {i}.\n</think>\n\n5{'天' * (i == 4)}" for i in range(5)]
    rollouts = [
        {"night": NIGHT, "rollout_id": str(i), "prompt_id": "p", "completion": text}
        for i, text in enumerate(texts)
    ]
    asked = {"messages": [{"role": "user", "content": "What is 4 + 1?"}], "language": "en"}
    lake.append("rollouts", rows("rollouts", *rollouts))
    lake.append("prompts", rows("prompts", {"night": NIGHT, "prompt_id": "p"} | asked))
    return lake


def rows(table: str, *values: dict[str, Any]) -> pl.DataFrame:
    schema = TABLES[table].schema
    full = [{name: row.get(name) for name in schema} for row in values]
    return pl.DataFrame(full, schema=schema, orient="row")


@pytest.mark.parametrize("table", ["language", "readability"])
def test_a_night_that_is_cut_short_keeps_what_it_measured_and_goes_on_there(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(measure, "PIECE_BYTES", 1)
    monkeypatch.setattr(measure, "SEGMENT_ROWS", 2)
    stage = getattr(measure, f"measure_{table}")
    with pytest.raises(OSError, match="no space left"):
        stage(CutShort(Path(lake.root), 1), NIGHT)
    assert lake.scan(table).collect()["rollout_id"].to_list() == ["0", "1"]
    stage(lake, NIGHT)
    assert sorted(lake.scan(table).collect()["rollout_id"]) == ["0", "1", "2", "3", "4"]
    version = lake.version(table)
    stage(lake, NIGHT)
    assert lake.version(table) == version


@pytest.mark.parametrize("table", ["language", "readability"])
def test_facts_do_not_depend_on_how_a_night_is_cut_into_pieces(
    lake: Lake, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    other = Lake(tmp_path_factory.mktemp("lake"))
    for copied in ("rollouts", "prompts"):
        other.append(copied, lake.scan(copied).collect())
    getattr(measure, f"measure_{table}")(lake, NIGHT)
    monkeypatch.setattr(measure, "PIECE_BYTES", 1)
    getattr(measure, f"measure_{table}")(other, NIGHT)
    whole, cut = (one.scan(table).sort("rollout_id").collect() for one in (lake, other))
    assert whole.height == 5
    assert whole.equals(cut)
