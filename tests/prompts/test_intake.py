from datetime import UTC, date, datetime

import polars as pl
import pytest

from r1data.errors import ConfigError
from r1data.prompts import Question, frame, questions
from r1data.prompts.intake import benchmarks, intake, prompts, references, with_quality
from r1data.prompts.question import user
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.schema import TABLES

NIGHT = "2026-01-01"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
CLEAN = TABLES["contamination"].empty().lazy()


def question(prompt, reference, verifier="math", **more):
    return Question(user(prompt), reference, verifier, f"{prompt}, line 1", **more)


def asked(*given, source="s"):
    return frame(given, source).lazy()


def named(questions, added_at=NOW):
    return references(questions, recipe="night", night=NIGHT, added_at=added_at)


def taken_in(questions, contamination=CLEAN):
    quality = with_quality(named(questions), workers=1).lazy()
    return intake(questions, contamination, quality, recipe="night", night=NIGHT).collect()


def test_copies_are_counted_and_the_first_source_is_kept():
    both = pl.concat([asked(question("a", "1"), question("b", "1")), asked(question("a ", "1"), source="t")])
    table = taken_in(both)
    assert table.schema == TABLES["intake"].schema
    assert table.select("source", "n_copies", "kept", "reason").rows() == [
        ("s", 2, True, None),
        ("s", 1, True, None),
    ]


@pytest.mark.parametrize(
    ("reference", "verifier"), [(" ", "exact"), (r"\frac{1}{", "math"), ("many", "choice")]
)
def test_a_reference_that_its_verifier_cannot_read_is_marked(reference, verifier):
    (row,) = taken_in(asked(question("a", reference, verifier))).to_dicts()
    assert (row["kept"], row["reason"]) == (False, "unparseable")
    assert row["evidence"].startswith("unparseable: ")


def test_a_prompt_without_a_reference_may_be_asked_and_has_no_row_that_replaces_a_known_one():
    given = asked(question("a", None))
    assert named(given).collect().is_empty()
    assert taken_in(given).select("kept", "reason").rows() == [(True, None)]


def test_of_several_copies_the_first_that_has_a_reference_counts():
    given = asked(question("a", None), question("a", "1"), question("a", "2"))
    assert named(given).collect()["reference"].to_list() == ["1"]
    assert taken_in(given)["n_copies"].to_list() == [3]


def test_a_contaminated_prompt_is_marked_with_its_item_and_stays():
    given = asked(question("a", "1"), question("b", "1"))
    fact = {
        "night": NIGHT,
        "subject": "prompt",
        "subject_id": question("b", "1").prompt_id,
        "version": "1",
        "contaminated": True,
        "benchmark": "heldout",
        "item_id": "x",
        "method": "exact",
        "evidence": "b b b",
    }
    table = taken_in(given, pl.LazyFrame([fact], schema=TABLES["contamination"].schema))
    assert table.select("kept", "reason", "evidence").rows() == [
        (True, None, None),
        (False, "contaminated", "heldout/x: b b b"),
    ]


def test_the_latest_reference_decides():
    given = asked(question("a", "1"))
    older = with_quality(named(asked(question("a", r"\frac{1}{"))), workers=1)
    newer = named(given, NOW.replace(day=3)).collect()
    both = pl.concat([newer, older]).lazy()
    assert intake(given, CLEAN, both, recipe="night", night=NIGHT).collect()["kept"].to_list() == [True]


def test_ledger_rows_have_their_schemas_and_one_row_per_prompt():
    given = asked(question("a", "1"), question("a", "2"), question("b", None, "format"))
    assert prompts(given, night=NIGHT).collect().schema == TABLES["prompts"].schema
    rows = with_quality(named(given), workers=1)
    assert rows.schema == TABLES["prompt_references"].schema
    assert rows.select("reference", "quality").rows() == [("1", None), (None, None)]
    items = benchmarks(given, night=NIGHT).collect()
    assert items.schema == TABLES["benchmarks"].schema
    assert items["benchmark"].to_list() == ["s", "s"]


def test_the_version_of_a_reference_follows_its_content():
    def version(*args, **more):
        return named(asked(question("a", *args, **more))).collect().item(0, 2)

    assert version("1") == version("1", verifier_args={})
    versions = {version("1"), version("2"), version("1", "exact"), version("1", verifier_args={"a": 1})}
    assert len(versions) == 4


def test_sections_are_asked_in_order_and_benchmarks_for_their_held_out_items():
    section = {"name": "t", "source": "templates", "families": ("max4",), "n_per_family": 2}
    other = section | {"name": "u", "families": ("last",)}
    start = date(2026, 1, 1)
    night = questions([PromptSource(**section), PromptSource(**other)], night=start, start=start)
    assert night["source"].to_list() == ["t", "t", "u", "u"]
    held = questions([BenchmarkSource(**section)], night=None, start=start)
    assert not set(held["prompt_id"]) & set(night["prompt_id"])


def test_an_unknown_source_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError, match="`file`; did you mean `files`"):
        questions([PromptSource(name="x", source="file")], night=None, start=date(2026, 1, 1))
