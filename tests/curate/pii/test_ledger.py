"""The search of a night's rollouts and their prompts, as a lake keeps it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from r1data.curate.measure import measure_pii
from r1data.curate.readability import readability
from r1data.curate.stale import stale
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.paths import PROJECT
from tests.curate.conftest import NIGHT, rows


def test_rollouts_and_their_prompts_are_searched_once_whatever_the_night_of_the_prompt(
    tmp_path: Path, make_ledgers: Callable[..., Any], make_recipe: Callable[..., Any]
) -> None:
    def unsearched() -> int:
        return stale(lake, make_recipe()).filter(stage="pii")["n_rollouts"].sum()

    lake = Lake(tmp_path)
    ask = {"role": "user", "content": "Write to jo.public@somewhere.net."}
    lake.append("prompts", rows("prompts", {"night": "2026-01-01", "prompt_id": "p", "messages": [ask]}))
    lake.append("rollouts", make_ledgers({"id": "a"}, {"id": "b"})["rollouts"])
    assert unsearched() == 2
    measure_pii(lake, NIGHT)
    found = lake.scan("pii").select("subject", "subject_id", "night", "n_marks").collect()
    assert sorted(found.rows()) == [
        ("prompt", "p", "2026-01-01", 1),
        ("trace", "a", NIGHT, 0),
        ("trace", "b", NIGHT, 0),
    ]
    assert unsearched() == 0
    version = lake.version("pii")
    measure_pii(lake, NIGHT)
    assert lake.version("pii") == version


def test_the_story_of_a_rollout_shows_evidence_and_marks(
    tmp_path: Path, make_ledgers: Callable[..., Any]
) -> None:
    lake = Lake(tmp_path)
    rollouts = make_ledgers({"id": "a"})["rollouts"].with_columns(
        completion=pl.lit("<think>Ask jo.public@somewhere.net.</think>" + "so be it. " * 50)
    )
    lake.append("rollouts", rollouts)
    measure_pii(lake, NIGHT)
    lake.append("readability", readability(rollouts).collect())
    story = fetch(lake, (PROJECT / "sql" / "questions" / "why.sql").read_text(), {"rollout_id": "a"})
    told = dict(zip(*(story[name].to_list() for name in ("step", "detail")), strict=True))
    assert told["evidence of loop_chars"].startswith("so be it. so be it.")
    assert "loop of 49" in told["readability"]
    assert story.filter(step="personal data in the trace")["finding"].to_list() == ["email jo…et"]
    counted = fetch(lake, "select n_pii, loop_chars from traces", {}).row(0, named=True)
    assert counted["n_pii"] is None  # the prompt is not in this lake, so nobody searched it
    assert counted["loop_chars"] >= 490
