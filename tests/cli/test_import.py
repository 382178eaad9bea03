"""The verb that brings in completions that exist already."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import load_recipe, load_teacher
from r1data.recipe.imported import RECIPE, imported_recipe, teacher_text, write_import
from r1data.schema import TABLES

Run = Callable[..., int]
NIGHT = "2026-01-02"
THOUGHT = "<think>\nI count {} on my fingers, and then I look at {} again to be sure.\n</think>\n\n{}"
BLUE = "<think>\nLight scatters.\n</think>\n\nIt scatters."
ROWS = [
    {"problem": "What is 1 + 1?", "text": THOUGHT.format("the first apple and more", "them", 2), "gold": "2"},
    {"problem": "What is 2 + 2?", "text": THOUGHT.format("both hands of a child", "each", 4), "gold": "4"},
    {"problem": "What is 1 + 1?", "text": "So it is three.\n</think>\n\n3", "gold": "2"},
    {"problem": "What is 1 + 1?", "text": THOUGHT.format("up from one by one", "one", 2), "gold": "2"},
    {"problem": "Why is the sky blue?", "text": BLUE, "gold": None},
    {"problem": "What is broken?", "text": BLUE, "gold": r"\frac{1}{"},
]
MAP = ("--map", "prompt=problem", "--map", "completion=text", "--map", "reference=gold")
NAMED = ("--name", "mine", "--teacher-model", "deepseek-r1")


def write(path: Path, rows: list[dict[str, str | None]] = ROWS) -> Path:
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    else:
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def numbers(said: str) -> dict[str, int]:
    return {row["what"]: row["n"] for row in map(json.loads, said.strip().splitlines())}


def rows(lake: Lake, table: str) -> pl.DataFrame:
    return lake.scan(table).collect()


def published_nothing(lake: Lake, home: Path) -> bool:
    return set(lake.versions(TABLES).values()) == {None} and not (home / "imports").exists()


def test_an_import_is_a_night_like_any_other_and_the_same_import_changes_nothing(
    r1data: Run, home: Path, home_lake: Lake, tmp_path: Path, capsys
):
    words = ("import", write(tmp_path / "traces.parquet"), *NAMED, *MAP, "--night", NIGHT, "--licence", "MIT")
    words = (*words, "--terms", "MIT", "--rollouts-per-prompt", 2, "--json")
    assert r1data(*words) == 0
    told = capsys.readouterr()
    assert str(home / "imports" / "mine" / "recipe.toml") in told.err
    assert numbers(told.out) == {
        "completions in the file": 6,
        "stored": 4,
        "left out: unparseable": 1,
        "left out: beyond --rollouts-per-prompt": 1,
        "stored, but not judged: no reference": 1,
        "accepted": 2,
    }
    stored = rows(home_lake, "rollouts")
    assert (
        set(stored["engine"]) == {"replay traces.parquet"} and stored["completion_tokens"].null_count() == 4
    )
    assert ROWS[0]["text"] in stored["completion"].to_list()
    assert "<think>\nSo it is three.\n</think>\n\n3" in stored["completion"].to_list()
    selected = rows(home_lake, "selected").join(stored, on="rollout_id")
    wrong = selected.filter(pl.col("completion").str.contains("three"))
    assert wrong["reasons"].to_list() == [["verification:different"]]
    corpus = rows(home_lake, "corpus")
    assert (set(corpus["licence"]), set(corpus["terms"])) == ({"MIT"}, {"MIT"})

    versions = home_lake.versions(TABLES)
    assert r1data(*(word for word in words if word not in ("--night", NIGHT))) == 0, "it knows its night"
    assert home_lake.versions(TABLES) == versions


@pytest.mark.parametrize("name", ["traces.jsonl.gz", "traces.parquet"])
def test_a_dry_run_counts_and_shows_one_example_and_publishes_nothing(
    name: str, r1data: Run, home: Path, home_lake: Lake, tmp_path: Path, capsys
):
    path = write(tmp_path / name)
    assert r1data("import", path, *NAMED, *MAP, "--dry-run", "--json", "--rollouts-per-prompt", 2) == 0
    told = capsys.readouterr()
    assert list(numbers(told.out).values()) == [6, 4, 0, 1, 1, 1, 0]
    assert "completion\n<think>" in told.err
    assert published_nothing(home_lake, home)


def test_prompts_with_several_references_and_cut_thoughts_are_counted(r1data: Run, tmp_path: Path, capsys):
    path = write(tmp_path / "a.jsonl", [ROWS[0], ROWS[0] | {"gold": "two", "text": "<think>\nI cou"}])
    assert r1data("import", path, *NAMED, *MAP, "--dry-run", "--json") == 0
    found = numbers(capsys.readouterr().out)
    assert found["prompts with several references, of which the first counts"] == 1
    assert found["completions that were cut off"] == 1


GOOD = json.dumps(ROWS[0]).encode() + b"\n"


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("a.jsonl", GOOD, ("--map", "promt=problem"), "--map promt=problem.*did you mean `prompt`"),
        ("a.jsonl", GOOD, ("--map", "family"), "Write --map family=COLUMN"),
        ("a.jsonl", GOOD, ("--map", "reference=gld"), r"a\.jsonl has no column `gld`; did you mean `gold`"),
        ("a.jsonl", GOOD, ("--map", "completion=tex"), r"a\.jsonl has no column `tex`; did you mean `text`"),
        ("a.jsonl", GOOD, ("--domain", "maths"), "--domain maths: .*'math'"),
        ("a.jsonl", GOOD, ("--verifier", "maths"), "did you mean `math`"),
        ("a.jsonl", GOOD, ("--name", "Not a word"), "--name Not a word"),
        ("a.jsonl", GOOD, ("--name", "night"), r"--name night is that of recipes/night\.toml"),
        ("a.jsonl", GOOD, ("--night", "2999-01-01"), "Night 2999-01-01"),
        ("a.jsonl", GOOD + b'{"problem": "What?"}\n', (), r"a\.jsonl, line 2: `text`"),
        ("a.jsonl", GOOD + b'{"problem": ', (), r"a\.jsonl, line 2: not JSON"),
        ("a.parquet", b"PAR1 but not really", (), r"a\.parquet: not readable as Parquet"),
        ("a.jsonl", b"", (), r"a\.jsonl: no rows"),
        ("missing.jsonl", None, (), r"missing\.jsonl: there is no such file"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_publishes_nothing(
    name: str, content: bytes | None, options: tuple[str, ...], said: str,
    r1data: Run, home: Path, home_lake: Lake, tmp_path: Path, capsys,
):  # fmt: skip
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert r1data("import", tmp_path / name, *NAMED, *MAP, *options) in (1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and re.search(said, lines[0]), lines
    assert published_nothing(home_lake, home)


def test_another_import_of_the_same_name_is_refused_and_names_what_differs(tmp_path: Path):
    recipe = load_recipe()
    path = tmp_path / "mine" / RECIPE
    given = {"source": "files", "path": 'a "quoted"\x7f.jsonl', "rows": (1, 9)}
    source = recipe.prompts[0].model_copy(update=given)
    read_as = {"columns": {"prompt": "p"}, "digest": "d", "reasoning_kind": "summary"}
    replay = recipe.generate.replay.model_copy(update=read_as)
    made = imported_recipe(source, replay, night=recipe.start, rollouts_per_prompt=4)
    teacher = teacher_text(made, model="owner/model", terms=None)
    assert write_import(path.parent, made, teacher) == path == write_import(path.parent, made, teacher)

    read = load_recipe(path)
    assert load_teacher(read.generate.teacher).model == "replay:owner/model"
    whole = made.generate.model_copy(update={"teacher": str(path.parent / "teacher.toml")})
    assert read == made.model_copy(update={"generate": whole})

    other = imported_recipe(source, replay, night=recipe.start, rollouts_per_prompt=2)
    said = "says `rollouts_per_prompt = 4`, this import would say `rollouts_per_prompt = 2`"
    with pytest.raises(ConfigError, match=said):
        write_import(path.parent, other, teacher)
    assert load_recipe(path) == read


def test_completions_of_another_file_are_another_teachers(tmp_path: Path):
    recipe = load_recipe()

    def revision(digest: str, **columns: str) -> str:
        replay = recipe.generate.replay.model_copy(update={"columns": columns, "digest": digest})
        made = imported_recipe(recipe.prompts[0], replay, night=recipe.start, rollouts_per_prompt=1)
        return teacher_text(made, model="m", terms=None).split("revision = ")[1]

    assert revision("a", completion="c") == revision("a", completion="c")
    assert (
        len({revision("a", completion="c"), revision("b", completion="c"), revision("a", completion="d")})
        == 3
    )
