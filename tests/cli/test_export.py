"""`r1data export …`: stdout is data, an expected error is one line, and what may not leave stays."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from r1data.lake import Lake
from tests.sql.conftest import NIGHT, RECIPE, publish, review

Run = Callable[..., int]
WRITE_TO = "Write to jo.public@somewhere.net."


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)


def test_a_mix_is_exported_once_without_what_was_not_searched_and_listed(
    r1data: Run, night_lake: Lake, home: Path, capsys: pytest.CaptureFixture[str]
):
    assert r1data("export", "mix", "r1", "--as", "openai", "--json") == 0
    made = told(capsys)
    assert (made["n_rows"], made["n_dropped"], made["dropped"]) == (1, 1, {"pii:unmeasured": 1})
    folder = home / "exports" / str(made["digest"])
    assert made["folder"] == str(folder) and (folder / "train.jsonl").is_file()
    card = json.loads((folder / "card.json").read_bytes())
    assert card["inputs"]["corpus"] == night_lake.version("corpus")
    assert card["inputs"]["pii"] == night_lake.version("pii")
    assert card["filters"]["select"]["keep_per_prompt"] >= 1
    assert not {"embedding", "planted"} & set(card["filters"]["contamination"]), "they hold addresses"
    assert r1data("export", "mix", "r1", "--as", "openai") == 0
    assert f"{folder}: 1 rows of mix r1 as openai, 1 left out" in capsys.readouterr().out
    assert r1data("export", "list", "--json") == 0
    (listed,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert listed | {"completion_tokens": 0} == {
        "digest": made["digest"],
        "form": "openai",
        "mix": "r1",
        "rows": 1,
        "left_out": 1,
        "completion_tokens": 0,
    }


def test_personal_data_is_kept_on_demand_and_other_folders_are_taken(
    r1data: Run, night_lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "elsewhere"
    assert r1data("export", "mix", "r1", "--as", "parquet", "--keep-pii", "--to", folder, "--json") == 0
    made = told(capsys)
    assert (made["n_rows"], made["n_dropped"]) == (2, 0)
    assert Path(str(made["folder"])).parent == folder
    assert r1data("export", "mix", "r1", "-s", 'caps={"templates": 1}', "--keep-pii", "--json") == 0
    assert told(capsys)["n_rows"] == 1


def test_an_edit_that_brings_an_address_in_is_found_although_the_old_text_was_clean(
    r1data: Run, night_lake: Lake, capsys: pytest.CaptureFixture[str]
):
    edit = review("a", "edit", 9) | {"reasoning": WRITE_TO, "answer": "4"}
    publish(night_lake, {"reviews": [edit]})
    assert r1data("export", "mix", "unfiltered", "--json") == 0
    assert told(capsys)["dropped"] == {"pii:email": 1, "pii:unmeasured": 1}
    corpus = night_lake.scan("corpus").collect()
    changed = corpus.with_columns(
        reasoning=pl.when(pl.col("rollout_id") == "a").then(pl.lit(WRITE_TO)).otherwise("reasoning")
    )
    night_lake.replace("corpus", {"recipe": RECIPE, "night": NIGHT}, changed)
    assert r1data("export", "mix", "r1", "--json") == 2
    error = capsys.readouterr().err
    assert "pii:email (1)" in error and "pii:unmeasured (1)" in error and "--keep-pii" in error


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("r1", "--as", "jsonl"), "There is no form of export `jsonl`"),
        (("r2",), "There is no mix `r2`; did you mean `r"),
        (("r1", "--as", "grpo"), "such as rl_prompts"),
        (("r1", "--push", "hub"), "Write hf://datasets/owner/name"),
        (("r1", "--set", "keeep=1"), "has no parameter `keeep`"),
        (("r1", "--student", "nobody"), "nobody"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    r1data: Run, night_lake: Lake, home: Path, words: tuple[str, ...], error: str,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    assert r1data("export", "mix", *words) in (1, 2)
    printed = capsys.readouterr()
    assert error in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert not (home / "exports").exists() or not list((home / "exports").iterdir())


def test_an_empty_lake_exports_nothing_and_says_so(
    r1data: Run, home_lake: Lake, capsys: pytest.CaptureFixture[str]
):
    home_lake.rebuild_catalog()
    assert r1data("export", "mix", "r1") == 1
    assert "The mix gave no rows, so nothing was exported" in capsys.readouterr().err
    assert r1data("export", "list", "--json") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_rows_beyond_a_students_context_are_left_out(
    r1data: Run, night_lake: Lake, capsys: pytest.CaptureFixture[str]
):
    assert r1data("export", "mix", "r1", "--keep-pii", "--student", "smollm2", "--json") == 0
    assert told(capsys)["n_rows"] == 2
