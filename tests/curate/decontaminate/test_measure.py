"""What the check of decontamination measures and demands."""

import json
from pathlib import Path

import polars as pl
import pytest

from r1data.curate.decontaminate.measure import measure
from r1data.errors import ConfigError, InputError
from r1data.recipe import Contamination, Planted

ITEMS = [
    f"{who} has {n} boxes with {n + 2} {what} in each box, and 1500 more. How many {what} does {who} have?"
    for n, (who, what) in enumerate([("Tom", "books"), ("Ada", "pens"), ("Eva", "keys"), ("Ben", "cups")], 3)
]


def benchmarks(*texts: str) -> pl.DataFrame:
    numbered = [("b", str(number), text) for number, text in enumerate(texts)]
    return pl.DataFrame(numbered, schema=["benchmark", "item_id", "text"], orient="row")


def shares(found: pl.DataFrame) -> dict[str, float | None]:
    return dict(found.select("kind", "share").iter_rows())


def test_planted_items_are_found_in_all_formats_and_clean_ones_are_not():
    measured = measure(benchmarks(*ITEMS), ["Name the sea."], Contamination())
    told = shares(measured.kinds)
    assert told.pop("format_plain") is None  # nothing to change: not measured
    assert told.pop("new_numbers") == told.pop("computed") == 0
    assert set(told.values()) == {1} and len(told) >= 9
    assert measured.faults == ()


def test_a_threshold_that_is_missed_is_told_in_one_sentence():
    strict = Contamination(ngram_words=80, similarity=1, coverage=1, more_numbers=0)
    measured = measure(benchmarks(*ITEMS), [ITEMS[0].replace("Tom", "Tim")], strict)
    assert measured.faults == ()  # every format keeps all of the words
    loose = Contamination(similarity=0.3, coverage=0.1)
    faults = measure(benchmarks(*ITEMS), [ITEMS[0].replace("Tom", "Tim")], loose).faults
    assert any("1 of 1 clean texts (computed) count as hits; 5.0% may." in fault for fault in faults)


def test_without_items_nothing_is_measured_and_nothing_fails():
    measured = measure(benchmarks(), [], Contamination())
    assert set(measured.kinds["share"]) == {None} and measured.faults == ()


def test_recall_of_the_recipes_own_versions_is_told_by_kind_and_not_demanded(tmp_path: Path):
    path = tmp_path / "versions.jsonl"
    rows = [("rephrased", "How many books are Tom's, all in all?"), ("copied", ITEMS[1])]
    path.write_text("".join(json.dumps({"how": how, "said": said}) + "\n" for how, said in rows))
    planted = Planted(path=str(path), text="said", kind="how")
    measured = measure(benchmarks(*ITEMS), [], Contamination(planted=planted))
    told = shares(measured.kinds)
    assert (told["planted_rephrased"], told["planted_copied"], measured.faults) == (0, 1, ())
    with pytest.raises(ConfigError, match="no column"):
        measure(benchmarks(*ITEMS), [], Contamination(planted=Planted(path=str(path))))


@pytest.mark.parametrize(
    "row", [{"kind": "copied"}, {"text": 1, "kind": "copied"}, {"text": "a", "kind": None}]
)
def test_a_row_of_versions_that_is_no_text_is_named_by_file_and_line(row, tmp_path: Path):
    path = tmp_path / "versions.jsonl"
    path.write_text(f'{{"text": "a", "kind": "copied"}}\n{json.dumps(row)}\n')
    with pytest.raises(InputError, match=r"versions\.jsonl, line 2 .*A row has a text and its kind"):
        measure(benchmarks(*ITEMS), [], Contamination(planted=Planted(path=str(path))))
