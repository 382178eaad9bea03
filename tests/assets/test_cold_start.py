"""Cold start from prompts to approved rows: scripted teacher and refiner, reviews by file."""

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from r1data.curate.cold_start import REFINEMENT
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.schema import TABLES
from r1data.train.mix import load_mix, open_mix

NIGHT = "2026-01-02"
Run = Callable[..., int]

RECIPE = """
name = "cold"
start = 2026-01-01

[[prompts]]
name = "sevens"
source = "files"
path = "PROMPTS"
columns = { prompt = "q", reference = "a" }
licence = "MIT"

[generate]
engine = "fake"
rollouts_per_prompt = 1
max_tokens = 80
context_tokens = 1024
[generate.fake]
texts = ["<think>\\nThe night's own teacher says of {prompt} seven.\\n</think>\\n\\n7"]

[cold_start]
n_prompts = 2
pattern = ["|s|", "|s|"]

[cold_start.rollouts]
teacher = "teacher.toml"
engine = "fake"
rollouts_per_prompt = 5
max_tokens = 80
[cold_start.rollouts.fake]
texts = [
    "<think>\\n{prompt} I count. Wait, once more: it is seven.\\n</think>\\n\\n7",
    "<think>\\n{prompt} It must be eight.\\n</think>\\n\\n8",
    "<think>\\n{prompt} 我数一数。\\n</think>\\n\\n7",
    "<think>\\n{prompt} I count. Wait, once more: it is seven.\\n</think>\\n7",
    "7",
]

[cold_start.refine]
teacher = "teacher.toml"
engine = "fake"
rollouts_per_prompt = 8
max_tokens = 40
[cold_start.refine.fake]
texts = [
    "<think>\\nI count to eight.\\n</think>\\n\\nThe answer is 8",
    "<think>\\nI count 七 of them.\\n</think>\\n\\n7",
    "I only say 7",
    "<think>\\nMarks |s| stand here.\\n</think>\\n\\n7",
    "<think>\\nREPEATED\\n</think>\\n\\n7",
    "<think>\\nEach is counted once, and that makes seven. {rollout_id}\\n</think>\\n\\nCounting gives 7",
    "<think>\\nA second good one, with seven.\\n</think>\\n\\n7",
    "<think>\\nENDLESS\\n</think>\\n\\n7",
]

[readability]
max_repetition = 0.6

[checks]
min_accepted = 0
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe whose every answer is 7."""
    lines = ['{"q": "What is 3 + 4?", "a": "7"}', '{"q": "How many days has a week?", "a": "7"}']
    (tmp_path / "prompts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "teacher.toml").write_text('name = "t"\nmodel = "fake:t"\nterms = "MIT"\n', encoding="utf-8")
    path = tmp_path / "cold.toml"
    texts = RECIPE.replace("REPEATED", "so it goes on " * 8).replace("ENDLESS", "and never ends " * 20)
    path.write_text(texts.replace("PROMPTS", str(tmp_path / "prompts.jsonl")), encoding="utf-8")
    monkeypatch.setenv("R1DATA_RECIPE", str(path))
    return path


def reasons(lake: Lake, table: str) -> dict[int, set[str]]:
    """All reasons by attempt number."""
    found = lake.scan(table).select("index", "reasons").collect()
    return {
        index: {reason for row in part["reasons"].to_list() for reason in row}
        for (index,), part in found.partition_by("index", as_dict=True).items()
    }


def edited(path: Path, change: Callable[[list[dict[str, str]]], None]) -> Path:
    """The file after a person worked on it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_rows_go_from_thoughts_to_approved_ones_and_nothing_is_made_twice(
    r1data: Run, home_lake: Lake, recipe: Path, tmp_path: Path
):
    assert r1data("cold-start", "--night", NIGHT) == 0
    assert reasons(home_lake, "cold_start_rollouts") == {
        0: set(),
        1: {"verification:different"},
        2: {"language:mixed_language"},
        3: {"selection:same_text"},
        4: {"format:no_thought"},
    }
    refined = reasons(home_lake, "cold_start_refined")
    assert refined[0] == {"verification:answer_changed"}
    assert refined[1] == {"language:mixed_language"}
    assert refined[2] == {"format:no_thought"}
    assert refined[3] == {"pattern:marks_in_text"}
    assert refined[4] == {"readability:repetition"}
    assert refined[5] == set()
    assert refined[6] == {"selection:later_attempt"}
    assert "verification:truncated" in refined[7]
    assert home_lake.scan("cold_start").collect().is_empty(), "nobody has approved"

    versions = home_lake.versions(TABLES)
    assert r1data("cold-start", "--night", NIGHT) == 0
    assert home_lake.versions(TABLES) == versions, "a second run makes and changes nothing"

    file = tmp_path / "rows.csv"
    assert r1data("review", "export", "--night", NIGHT, "--out", file) == 0

    def judge(rows: list[dict[str, str]]) -> None:
        assert len(rows) == 2 and all("Counting gives 7" in row["answer"] for row in rows)
        rows[0]["verdict"], rows[1]["verdict"] = "approve", "edit"
        rows[1]["answer"] = "It is 7"

    edited(file, judge)
    assert r1data("review", "import", file, "--reviewer", "ada") == 0
    assert r1data("review", "import", file, "--reviewer", "ada") == 0
    assert home_lake.scan("reviews").collect().height == 2
    assert r1data("cold-start", "--night", NIGHT) == 0
    with open_mix(home_lake, load_mix("cold_start"), recipe="cold") as opened:
        rows = pl.concat(opened.batches)
    assert sorted(rows["answer"]) == ["Counting gives 7", "It is 7"]
    assert set(rows["terms"]) == {"MIT"} and set(rows["licence"]) == {"MIT"}
    texts = home_lake.scan("cold_start").collect()
    assert all(text.startswith("|s|\n") and text.count("|s|") == 2 for text in texts["text"])
    assert set(texts["messages"].list.first().struct.field("content")) == {
        "What is 3 + 4?",
        "How many days has a week?",
    }

    overruled(r1data, home_lake, tmp_path / "later.csv")
    kept_beside_changes(r1data, home_lake, recipe)


def overruled(r1data: Run, home_lake: Lake, later: Path) -> None:
    """A second person overrules the rules and the first one."""
    assert r1data("review", "export", "--night", NIGHT, "--out", later, "--all") == 0

    def overrule(rows: list[dict[str, str]]) -> None:
        for row in rows:
            changed = "answer_changed" in row["reasons"]
            row["verdict"] = "approve" if changed else "reject" if "gives" in row["answer"] else ""

    edited(later, overrule)
    assert r1data("review", "import", later, "--reviewer", "bob") == 0
    assert r1data("cold-start", "--night", NIGHT) == 0
    left = home_lake.scan("cold_start").collect()
    assert set(left["summary"]) == {"The answer is 8"}, "people overrule the rules, and one another"
    assert set(left["reviewer"]) == {"bob"}
    assert home_lake.scan("reviews").filter(reviewer="ada").collect().height == 2, "both stay"


def kept_beside_changes(r1data: Run, home_lake: Lake, recipe: Path) -> None:
    """What was approved stays under another refiner and beside new prompts, and has the licence that the
    recipe states last; another night asks others.
    """
    before = home_lake.scan("cold_start").collect()
    (recipe.parent / "other.toml").write_text('name = "o"\nmodel = "fake:o"\n', encoding="utf-8")
    text = recipe.read_text(encoding="utf-8").replace('licence = "MIT"', 'licence = "CC0-1.0"')
    head, _, tail = text.partition("[cold_start.refine]")
    recipe.write_text(
        f"{head}[cold_start.refine]{tail.replace('teacher.toml', 'other.toml')}", encoding="utf-8"
    )
    with (recipe.parent / "prompts.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(f'\n{{"q": "What is {n} + {7 - n}?", "a": "7"}}' for n in range(8))
    assert r1data("cold-start", "--night", NIGHT) == 0
    assert home_lake.scan("cold_start").collect().equals(before.with_columns(licence=pl.lit("CC0-1.0")))
    assert r1data("cold-start", "--night", "2026-01-03") == 0
    asked = home_lake.scan("cold_start_rollouts").select("night", "prompt_id").unique().collect()
    assert asked.group_by("night").len().sort("night").rows() == [(NIGHT, 2), ("2026-01-03", 2)]
    assert asked["prompt_id"].n_unique() == 4


def test_the_night_beside_it_is_as_it_would_be_without(
    r1data: Run, home_lake: Lake, recipe: Path, tmp_path: Path
):
    assert r1data("cold-start", "--night", NIGHT) == 0
    assert r1data("run", "--night", NIGHT) == 0
    asked = home_lake.scan("plan").collect()
    assert asked.height == 2 and set(asked["reason"]) == {"new"}
    assert set(home_lake.scan("selected").collect()["rollout_id"]) == set(asked["rollout_id"])
    assert set(home_lake.scan("corpus").collect()["rollout_id"]) == set(asked["rollout_id"])
    assert fetch(home_lake, "select entered from funnel where position = 1")["entered"].item() == 2
    kept = home_lake.scan("prompts").filter(source=REFINEMENT).collect()
    assert kept.height and home_lake.scan("intake").join(kept.lazy(), on="prompt_id").collect().is_empty()
    assert fetch(home_lake, "select * from rl_prompts where source like 'cold%'").is_empty()


def test_without_the_section_the_verb_says_what_to_do(r1data: Run, home_lake: Lake):
    assert r1data("cold-start", "--night", NIGHT) == 2
    assert home_lake.scan("cold_start").select(pl.len()).collect().item() == 0
