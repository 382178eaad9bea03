"""A whole night of the scripted engine: what it makes, what a second run makes, and what stops it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from r1data import ids, paths
from r1data.curate.gate import BY_FORM
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.schema import TABLES
from tests.conftest import FAKE

NIGHT = "2026-01-02"

Run = Callable[..., int]


def edited(folder: Path, *edits: tuple[str, str]) -> Path:
    """A copy of the scripted recipe with texts replaced."""
    text = FAKE.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / "edited.toml"
    path.write_text(text, encoding="utf-8")
    return path


def rows(lake: Lake, table: str) -> pl.DataFrame:
    return lake.scan(table).collect()


def test_a_night_fills_every_table_and_a_second_run_changes_nothing(r1data: Run, finished_lake: Lake):
    # The recipe has neither benchmarks, students, an inbox, a judge nor cold start, and all was made.
    empty = {"benchmarks", "students", "evaluations", "skipped", "inbox", "reviews"}
    empty |= {"cold_start_rollouts", "cold_start_refined", "cold_start"}
    empty |= {"calibration_rows", "calibrations", "judgements", "token_counts"}
    filled = {name for name in TABLES if rows(finished_lake, name).height}
    assert filled == set(TABLES) - empty
    assert rows(finished_lake, "rollouts").height == 12 * 6

    versions = finished_lake.versions(TABLES)
    assert r1data("run", "--night", NIGHT) == 0
    assert finished_lake.versions(TABLES) == versions

    selected = rows(finished_lake, "selected")
    assert selected["accepted"].sum() == rows(finished_lake, "corpus").height > 0
    assert selected.filter(~pl.col("accepted") & pl.col("stage").is_null()).is_empty()
    funnel = fetch(finished_lake, "select * from funnel order by position")
    assert funnel["entered"][0] == 72
    assert funnel["entered"].to_list()[1:] == funnel["remaining"].to_list()[:-1]
    assert funnel["remaining"][-1] == rows(finished_lake, "corpus").height


def test_what_an_older_verifier_could_not_tell_does_not_stop_a_night(r1data: Run, finished_lake: Lake):
    held = rows(finished_lake, "verdicts")
    old = {"verifier_version": pl.lit("of old"), "verdict": pl.lit("unknown"), "reason": pl.lit("timeout")}
    finished_lake.append("verdicts", held.filter(~pl.col("verifier").is_in(BY_FORM)).with_columns(**old))
    corpus = rows(finished_lake, "corpus")
    assert r1data("run", "--night", "2026-01-02") == 0
    assert rows(finished_lake, "corpus").equals(corpus)


def test_more_rollouts_per_prompt_add_only_the_missing_attempts(
    r1data: Run, finished_lake: Lake, tmp_path: Path
):
    before = rows(finished_lake, "rollouts")
    more = edited(tmp_path, ("rollouts_per_prompt = 6", "rollouts_per_prompt = 8"))
    assert r1data("run", "--night", NIGHT, "--recipe", more) == 0
    after = rows(finished_lake, "rollouts")
    assert after.height == 12 * 8
    kept = before.join(after, on=before.columns, how="semi", nulls_equal=True)
    assert kept.height == before.height, "stored rollouts stay as they were"


def test_a_night_that_falls_short_publishes_no_corpus(r1data: Run, home_lake: Lake, tmp_path: Path, capsys):
    strict = edited(tmp_path, ("min_accepted = 1", "min_accepted = 50"))
    assert r1data("run", "--night", NIGHT, "--recipe", strict) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "fewer than 50" in said and "min_accepted" in said
    assert rows(home_lake, "corpus").is_empty()
    assert rows(home_lake, "selected").height == 72, "what is known of the night stays"


def test_a_second_run_at_the_same_time_is_refused(r1data: Run, home: Path, home_lake: Lake, capsys):
    (home / "locks").mkdir()
    with FileLock(home / "locks" / f"{ids.digest(home_lake.root)[:12]}.lock"):
        assert r1data("run", "--night", NIGHT) == 1
    assert "Another run is at work" in capsys.readouterr().err
    assert home_lake.version("prompts") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (
            'name = "x"\nstart = 2026-01-01\n[[prompts]]\nname = "a"\nsource = "templates"\nfamilis = ["a"]',
            "did you mean `families`",
        ),
        (
            'name = "x"\nstart = 2026-01-01\n[[prompts]]\nname = "a"\nsource = "templats"',
            "did you mean `templates`",
        ),
        ('name = "X y"\nstart = 2026-01-01\n[[prompts]]\nname = "a"\nsource = "templates"', "name"),
        ("name = ", "TOML"),
    ],
)
def test_a_wrong_recipe_is_one_line_and_status_2(
    content: str, said: str, r1data: Run, home_lake: Lake, tmp_path: Path, capsys
):
    path = tmp_path / "wrong.toml"
    path.write_text(content)
    assert r1data("run", "--recipe", path) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("r1data: ")]
    assert len(lines) == 1 and said in lines[0]
    assert home_lake.version("prompts") is None


@pytest.mark.parametrize("night", ["2025-12-31", "2999-01-01", "yesterday"])
def test_a_night_out_of_range_is_status_2(night: str, r1data: Run, capsys):
    assert r1data("run", "--night", night) == 2
    assert night in capsys.readouterr().err


FILES = """
name = "files"
start = 2026-01-01
[[prompts]]
name = "mine"
source = "files"
path = "{path}"
columns = {{ prompt = "question", reference = "answer" }}
[generate]
engine = "fake"
context_tokens = {context}
max_tokens = 8
rollouts_per_prompt = 1
[generate.fake]
texts = ["<think>\\nOne and one is two.\\n</think>\\n\\n2"]
"""
GOOD = '{"question": "What is 1 + 1?", "answer": "2"}\n'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.jsonl", None, "missing.jsonl"),
        ("empty.jsonl", b"", "empty.jsonl"),
        ("broken.jsonl", GOOD.encode() + b'{"question": ', "2"),
        ("columns.jsonl", b'{"questoin": "What is 1 + 1?", "answer": "2"}\n', "questoin"),
        ("latin1.jsonl", GOOD.encode() + '{"question": "café", "answer": "2"}\n'.encode("latin-1"), "2"),
        ("broken.parquet", b"PAR1 but not really", "broken.parquet"),
        (
            "long.jsonl",
            GOOD.encode() + b'{"question": "' + b"long word " * 2000 + b'", "answer": "2"}\n',
            "2",
        ),
    ],
)
def test_a_bad_prompt_file_is_one_line_that_names_it_and_publishes_nothing(
    name: str, content: bytes | None, said: str, r1data: Run, home_lake: Lake, tmp_path: Path, capsys
):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    recipe = tmp_path / "files.toml"
    recipe.write_text(FILES.format(path=path, context=600))
    assert r1data("run", "--night", NIGHT, "--recipe", recipe) in (1, 2)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("r1data: ")]
    assert len(lines) == 1 and name in lines[0] and said in lines[0]
    for table in ("prompts", "prompt_references", "intake", "rollouts"):
        assert home_lake.version(table) is None


def test_without_the_model_the_command_that_fetches_it_is_named(
    r1data: Run, home: Path, home_lake: Lake, capsys
):
    (home / "models").unlink()
    assert r1data("run", "--night", NIGHT) == 1
    assert "r1data model fetch" in capsys.readouterr().err
    assert home_lake.version("prompts") is None


def test_the_gsm8k_recipe_takes_its_prompts_from_the_file_that_the_environment_names(
    r1data: Run, home_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = paths.PROJECT.parent / "shared" / "data" / "math_gsm8k_train.parquet"
    if not data.is_file():
        pytest.skip("needs shared/data beside the project")
    monkeypatch.setenv("R1DATA_PROMPTS", str(data))
    text = (paths.PROJECT / "recipes" / "gsm8k.toml").read_text(encoding="utf-8")
    scripted = tmp_path / "gsm8k.toml"
    scripted.write_text(
        text.replace("[generate]", '[generate]\nengine = "fake"').replace(
            "min_accepted = 1 ", "min_accepted = 0 "
        )
        + '\n[generate.fake]\ntexts = ["<think>\\n{prompt}\\n</think>\\n\\n18"]\n',
        encoding="utf-8",
    )
    assert r1data("run", "--night", NIGHT, "--recipe", scripted) == 0
    assert rows(home_lake, "rollouts").height == 48 * 8
    assert rows(home_lake, "prompt_references")["quality"].null_count() == 48
    assert set(rows(home_lake, "benchmarks")["benchmark"]) == {"gsm8k-heldout"}
    first = set(rows(home_lake, "prompts")["prompt_id"])
    assert r1data("run", "--night", "2026-01-03", "--recipe", scripted) == 0
    assert rows(home_lake, "prompts").height == 96 and len(first) == 48, "the next night goes on"
