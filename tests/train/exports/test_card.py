"""The card of an export says where its rows come from, and its text is shown to the letter."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from huggingface_hub import DatasetCard
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from r1data.recipe import ExportRules
from r1data.train.exports import Export, Policy, export
from r1data.train.exports.card import text
from tests.train.exports.conftest import ABOUT, traces

Written = Callable[..., Export]
EVIL = "<script>alert(1)</script> | **b** `c` [d](http://e) </think>\n# f ---"
ROWS = pl.concat(
    [
        traces(2),
        traces(1, source=EVIL, licence="ODC-By-1.0", language="zh", domain=None),
        traces(1, licence="CC-BY-NC-4.0"),
    ]
)


def card_of(made: Export) -> dict[str, Any]:
    return json.loads((made.folder / "card.json").read_bytes())


def test_the_card_counts_rows_tokens_and_drops_and_names_mix_filters_and_versions(written: Written):
    card = card_of(written("trl", rows=ROWS.with_columns(student_tokens=pl.lit(15, pl.Int64))))
    assert (card["n_rows"], card["n_prompts"]) == (3, 2)
    assert (card["completion_tokens"], card["student_tokens"]) == (60, 45)
    assert card["licences"] == {"CC0-1.0": 2, "ODC-By-1.0": 1}
    assert card["languages"] == {"en": 2, "zh": 1}
    assert card["domains"] == {"math": 2, "not stated": 1}
    assert card["sources"] == {"sums": 2, EVIL: 1}
    assert card["terms"] == {"MIT": 3}
    assert (card["n_dropped"], card["dropped"]) == (1, {"licence:CC-BY-NC-4.0": 1})
    assert card["mix"] == {"name": ABOUT.mix, "sql": ABOUT.sql, "parameters": ABOUT.parameters}
    assert (card["recipe"], card["filters"], card["packages"]) == ("night", ABOUT.filters, ABOUT.packages)
    assert card["inputs"] == ABOUT.tables
    assert [file["name"] for file in card["files"]] == ["dropped.jsonl", "train.jsonl"]
    assert card["policy"]["licences"] == list(ExportRules().licences)


def test_tokens_of_a_student_that_did_not_count_every_row_are_not_told(written: Written):
    assert written("trl").student_tokens is None


def test_tokens_of_pairs_and_prompts_are_not_told_as_none_at_all(written: Written):
    for form in ("dpo", "grpo"):
        made = written(form)
        assert made.completion_tokens is None and made.student_tokens is None
        assert "not counted for rows of this form" in (made.folder / "README.md").read_text(encoding="utf-8")


def test_the_readme_is_a_data_set_card_of_the_hub(written: Written):
    made = written("trl", rows=ROWS)
    front = DatasetCard.load(made.folder / "README.md").data.to_dict()
    assert front["license"] == ["cc0-1.0", "odc-by"]
    assert front["language"] == ["en", "zh"]
    assert front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]
    assert [feature["name"] for feature in front["dataset_info"]["features"]] == [
        "rollout_id",
        "prompt",
        "completion",
    ]


def test_nothing_in_the_readme_is_read_as_markdown_or_html(tmp_path: Path):
    about = replace(
        ABOUT,
        mix=EVIL,
        sql="-- ```\n-- </think>\nselect 1",
        parameters={"order": EVIL},
        filters={"select": {"x": EVIL}},
    )
    rules = ExportRules(licences=("*", EVIL))
    made = export([ROWS], tmp_path, form="trl", policy=Policy(rules, None), about=about)
    body = (made.folder / "README.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]
    page = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(body)
    shown = " ".join(EVIL.split())
    assert "<script" not in page
    assert "<strong>" not in page and "<a " not in page
    assert page.count("<h1>") == 1
    as_html = shown.replace("<", "&lt;").replace(">", "&gt;")
    assert page.count(as_html) >= 4, "source, mix, parameter and pattern are there to the letter"
    assert "&lt;/think&gt;\nselect 1" in page, "the fence is longer than that of the SQL"


@given(st.text())
def test_any_text_is_shown_to_the_letter_in_one_cell(given: str):
    import html
    import re

    page = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(
        f"| a | b |\n|---|---|\n| {text(given)} | x |"
    )
    cells = re.findall(r"<td>(.*?)</td>", page, re.DOTALL)
    if given.split():
        assert [html.unescape(cell) for cell in cells] == [
            " ".join(given.split()).replace("\0", "\ufffd"),
            "x",
        ]
