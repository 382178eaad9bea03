import pytest

from r1data import ids
from r1data.errors import InputError
from r1data.generate.engines.replay import spool as spools
from r1data.generate.engines.replay.spool import content_digest, spool
from r1data.prompts.question import user
from r1data.recipe import ReplaySettings

TWO = [{"q": "What is 1 + 1?", "c": "2"}, {"q": "What is 2 + 2?", "c": "4"}]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def settings(path, **more):
    return ReplaySettings(path=str(path), columns={"prompt": "q", "completion": "c"}, **more)


def held(path, **more):
    return spool(settings(path, **more)).collect()


def test_a_file_of_many_runs_is_sorted_as_one_that_fits_into_memory(write_traces, monkeypatch, home):
    rows = [{"q": f"What is {i % 37}?", "c": f"{i} " * 20} for i in range(500)]
    small = held(write_traces("small.jsonl", rows))
    monkeypatch.setattr(spools, "RUN_CHARS", 3000)
    many = held(write_traces("many.jsonl", rows))
    assert len(list((home / "replay").rglob("*.parquet"))) > 5
    assert many.equals(small) and many.equals(many.sort("prompt_id", "index"))
    mine = many.filter(prompt_id=ids.prompt_id(user("What is 3?")))
    assert mine["completion"].to_list() == [row["c"] for row in rows if row["q"] == "What is 3?"]


def test_an_unchanged_file_is_sorted_once_and_a_changed_one_replaces_its_spool(write_traces, home):
    path = write_traces()
    held(path)
    (first,) = (home / "replay").rglob("*.parquet")
    inode = first.stat().st_ino
    held(path)
    assert first.stat().st_ino == inode
    assert held(write_traces(rows=TWO)).height == 2
    (second,) = (home / "replay").rglob("*.parquet")
    assert second != first


def test_a_file_with_other_content_than_was_imported_is_refused(write_traces):
    path = write_traces()
    digest = content_digest(settings(path))
    assert held(path, digest=digest).height == 4
    assert content_digest(settings(write_traces("copy.jsonl"))) == digest
    write_traces(rows=TWO)
    with pytest.raises(InputError, match=r"a\.jsonl: its content is \w+, not .*it has changed"):
        held(path, digest=digest)


def test_a_bad_row_at_the_end_of_many_runs_leaves_nothing(write_traces, monkeypatch, home):
    monkeypatch.setattr(spools, "RUN_CHARS", 100)
    rows = [{"q": "What?", "c": f"{i} " * 20} for i in range(50)]
    path = write_traces(rows=[*rows, {"q": "What?", "c": None}])
    with pytest.raises(InputError, match=r"line 51: `c`"):
        held(path)
    assert [path.name for path in (home / "replay").rglob("*") if path.is_file()] in ([], ["lock"])
    assert held(write_traces(rows=rows)).height == 50
