import json
import os
import time
from datetime import date

import polars as pl
import pytest

from r1data.errors import ConfigError, InputError
from r1data.prompts import questions
from r1data.prompts.inbox import arrivals, complete
from r1data.recipe import BenchmarkSource, PromptSource, Recipe
from r1data.schema import TABLES

START, NIGHT, NEXT = date(2026, 1, 1), "2026-01-01", "2026-01-02"


class World:
    """An inbox and a lake of frames, to which nights are published."""

    def __init__(self, folder):
        self.folder = folder
        section = PromptSource(
            name="in", source="inbox", path=str(folder), columns={"prompt": "q", "reference": "a"}
        )
        self.recipe = Recipe(name="r", start=START, prompts=[section])
        self.tables = {name: TABLES[name].empty() for name in ("inbox", "intake")}

    def put(self, name, *rows, age_s=60):
        path = self.folder / name
        path.write_text("".join(json.dumps({"q": q, "a": "1"}) + "\n" for q in rows))
        os.utime(path, (time.time() - age_s,) * 2)
        return path

    def change(self, **fields):
        sections = [section.model_copy(update=fields) for section in self.recipe.prompts]
        self.recipe = self.recipe.model_copy(update={"prompts": sections})

    def arrivals(self, night, check=None):
        return arrivals(self.recipe, lambda name: self.tables[name].lazy(), night=night, check=check)

    def ask(self, night):
        """What a night asks; its files are stored, and that it was."""
        arrived = self.arrivals(night)
        asked = questions(self.recipe.prompts, night=date.fromisoformat(night), start=START, arrived=arrived)
        stored = self.tables["inbox"]
        new = arrived.join(stored, on=["source", "file_id"], how="anti")
        intake = pl.DataFrame([{"recipe": "r", "night": night}], schema=TABLES["intake"].schema)
        self.tables = {
            "inbox": pl.concat([stored, new]),
            "intake": pl.concat([self.tables["intake"], intake]),
        }
        return [messages[0]["content"] for messages in asked["messages"].to_list()]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_file_is_asked_on_the_night_that_first_sees_it_and_once_whatever_its_name(world):
    world.put("b.jsonl", "one", "two")
    assert world.ask(NIGHT) == ["one", "two"]
    (world.folder / "b.jsonl").rename(world.folder / "c.jsonl")
    world.put("d.jsonl", "one", "two")
    world.put("new.jsonl", "three")
    assert world.ask(NEXT) == ["three"]
    assert world.ask("2026-01-03") == []


def test_a_file_that_the_map_does_not_fit_waits_beside_others_and_blocks_none(world):
    world.put("a.jsonl", "one")
    stray = world.folder / "stray.jsonl"
    stray.write_text('{"other": "two"}\n')
    os.utime(stray, (time.time() - 60,) * 2)
    assert world.ask(NIGHT) == ["one"]
    assert world.ask(NEXT) == [] and world.tables["inbox"]["file"].to_list() == ["a.jsonl"]


def test_a_night_that_is_made_again_asks_the_same_and_only_the_newest_takes_new_files(world):
    world.put("a.jsonl", "one")
    assert world.ask(NIGHT) == ["one"]
    world.put("b.jsonl", "two")
    assert world.ask(NIGHT) == ["one", "two"]
    world.ask(NEXT)
    (world.folder / "a.jsonl").rename(world.folder / "z.jsonl")
    world.put("c.jsonl", "three")
    assert world.ask(NIGHT) == ["one", "two"]
    assert world.ask(NEXT) == ["three"]
    (world.folder / "z.jsonl").unlink()
    with pytest.raises(InputError, match=r"a\.jsonl, which the night 2026-01-01 asks, is gone"):
        world.ask(NIGHT)


def test_a_broken_file_blocks_no_other_and_is_remembered_with_its_error(world):
    world.put("a.jsonl", "one")
    world.put("broken.jsonl", " ")
    assert world.ask(NIGHT) == world.ask(NIGHT) == ["one"]
    found = world.tables["inbox"].sort("file")
    assert found["n_rows"].to_list() == [1, None]
    errors = found["error"].to_list()
    assert errors[0] is None and "broken.jsonl, line 1: `q`" in errors[1]
    world.put("broken.jsonl", "mended")
    assert world.ask(NEXT) == ["mended"]


def test_a_map_that_does_not_fit_a_file_stops_the_night_and_once_it_is_mended_the_file_is_asked(world):
    world.put("a.jsonl", "one")
    world.change(columns={"prompt": "question", "reference": "a"})
    with pytest.raises(ConfigError, match=r"a\.jsonl has no column `question`"):
        world.ask(NIGHT)
    world.change(columns={"prompt": "q", "reference": "a"})
    assert world.ask(NIGHT) == ["one"]


def test_a_file_that_changes_or_leaves_while_it_is_read_waits_for_the_next_look(world):
    world.put("a.jsonl", "gone")
    assert world.arrivals(NIGHT, lambda frame: (world.folder / "a.jsonl").unlink()).is_empty()
    world.put("a.jsonl", "half")
    assert world.arrivals(NIGHT, lambda frame: world.put("a.jsonl", "whole")).is_empty()
    assert world.ask(NIGHT) == ["whole"]


def test_a_file_that_may_not_be_read_waits_and_is_told(world, caplog):
    world.put("a.jsonl", "one")
    (world.folder / "b.jsonl").symlink_to("/proc/self/mem")  # not readable, even by root
    world.change(settle_s=0)
    assert world.ask(NIGHT) == ["one"]
    assert "b.jsonl: not readable" in caplog.text


def test_only_complete_files_that_can_be_read_are_seen(world):
    world.put("young.jsonl", "one", age_s=1)
    world.put(".hidden.jsonl", "one")
    world.put("half.jsonl.part", "one")
    world.put("old.jsonl", "one")
    assert [file.name for file in complete(world.recipe.prompts[0])] == ["old.jsonl"]


def test_an_inbox_is_a_folder_and_no_benchmark(tmp_path):
    section = {"name": "in", "source": "inbox", "columns": {"prompt": "q", "reference": "a"}}
    with pytest.raises(ConfigError, match="it cannot be a benchmark"):
        questions([BenchmarkSource(**section)], night=None, start=START)
    for key in ({"n_per_night": 2}, {"rows": (0, 2)}):
        with pytest.raises(ConfigError, match="do not apply to an inbox; use `max_per_night`"):
            questions([PromptSource(**section, **key)], night=START, start=START)
    with pytest.raises(InputError, match="there is no such folder"):
        complete(PromptSource(**section, path=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match="has no `path`"):
        complete(PromptSource(**section))
