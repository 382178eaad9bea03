"""What may not leave is dropped, and every drop is a line with its reason."""

from collections.abc import Callable
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import ConfigError
from r1data.recipe import ExportRules
from r1data.schema.facts import MARK
from r1data.train.exports import Export, Policy
from r1data.train.exports.policy import allows, kinds_of
from tests.train.exports.conftest import marks, pairs, prompts, traces

Written = Callable[..., Export]
DEFAULT = ExportRules().licences


def drops(made: Export) -> dict[str, str]:
    lines = (made.folder / "dropped.jsonl").read_bytes().splitlines()
    return {line["id"]: line["reason"] for line in map(orjson.loads, lines)}


@pytest.mark.parametrize(
    "licence",
    ["Apache-2.0", "mit", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-3.0", "ODC-By-1.0", "CDLA-Permissive-2.0"],
)
def test_open_licences_are_allowed_by_default(licence: str):
    assert allows(DEFAULT, licence)


@pytest.mark.parametrize(
    "licence",
    ["CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-SA-4.0", "GPL-3.0-only", "proprietary", "", "MIT-like"],
)
def test_others_are_not_and_neither_is_none(licence: str):
    assert not allows(DEFAULT, licence)
    assert not allows(DEFAULT, "not stated")
    assert allows(("*",), licence)
    assert not allows(("*",), "not stated")
    assert allows(("not stated",), "not stated")


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT OR GPL-3.0-only", True),
        ("mit and apache-2.0", True),
        ("MIT AND CC-BY-NC-4.0", False),
        ("GPL-2.0-only OR MIT AND Apache-2.0", True),
        ("(MIT OR GPL-3.0-only) AND CC-BY-NC-4.0", False),
    ],
)
def test_an_expression_is_allowed_by_its_parts(expression: str, allowed: bool):
    assert allows(DEFAULT, expression) is allowed


def test_a_pattern_does_not_reach_over_and():
    assert allows(("Apache*", "MIT"), "Apache-2.0 AND MIT")
    assert not allows(("Apache*",), "Apache-2.0 AND CC-BY-NC-4.0")
    assert not allows(("Apache*",), "(Apache-2.0 OR MIT) AND secret")
    assert allows(("(apache-2.0 or mit) and zlib",), "(Apache-2.0 OR MIT) AND Zlib")


def test_a_blank_licence_is_none(written: Written):
    rows = pl.concat([traces(1, rollout_id="a"), traces(1, rollout_id="b", licence=" ")])
    made = written("trl", rows=rows, policy=Policy(ExportRules(licences=("*",), keep_pii=True), None))
    assert drops(made) == {"b": "licence:not stated"}


@given(st.text())
def test_no_text_in_place_of_a_licence_breaks_the_policy(stated: str):
    assert allows(("MIT",), stated) in (True, False)


def test_rows_are_dropped_by_licence_then_terms_then_personal_data(written: Written):
    rows = pl.concat(
        [
            traces(1, rollout_id="a", prompt_id="clean"),
            traces(1, rollout_id="b", licence="CC-BY-NC-4.0", terms="secret"),
            traces(1, rollout_id="c", licence=None),
            traces(1, rollout_id="d", terms="secret"),
            traces(1, rollout_id="e", prompt_id="clean"),
            traces(1, rollout_id="f", prompt_id="clean"),
            traces(1, rollout_id="g", prompt_id="dirty"),
            traces(1, rollout_id="h", prompt_id="new"),
        ]
    )
    known = marks({"clean": "", "dirty": "key", **dict.fromkeys("aghd", ""), "e": "phone"})
    made = written("trl", rows=rows, policy=Policy(ExportRules(terms=("MIT",)), known))
    assert drops(made) == {
        "b": "licence:CC-BY-NC-4.0",
        "c": "licence:not stated",
        "d": "terms:secret",
        "e": "pii:phone",
        "f": "pii:unmeasured",
        "g": "pii:key",
        "h": "pii:unmeasured",
    }
    assert [orjson.loads(line)["rollout_id"] for line in made.rows.read_bytes().splitlines()] == ["a"]
    assert (made.n_rows, made.n_dropped, made.dropped["pii:unmeasured"]) == (1, 7, 2)


def test_what_a_person_edited_is_searched_again_whatever_is_known_of_the_old_text(written: Written):
    rows = pl.concat(
        [
            traces(1, rollout_id="cleaned", prompt_id="p", answer="5"),
            traces(1, rollout_id="dirtied", prompt_id="p", reasoning="Ask a@b.example."),
            traces(1, rollout_id="same", prompt_id="p"),
        ]
    )
    known = marks(
        {"p": "", "cleaned": "email", "dirtied": "", "same": ""}, edited=frozenset({"cleaned", "dirtied"})
    )
    made = written("trl", rows=rows, policy=Policy(ExportRules(), known))
    assert drops(made) == {"dirtied": "pii:email"}
    assert made.n_rows == 2


def test_both_traces_of_a_pair_and_the_prompt_of_a_prompt_are_looked_at(written: Written):
    known = marks({"p0": "", "p1": "", "p2": "ip", "c0": "", "c1": "", "c2": "", "w0": "", "w1": "iban"})
    made = written("dpo", rows=pairs(3), policy=Policy(ExportRules(), known))
    assert drops(made) == {"c1": "pii:iban", "c2": "pii:ip"}
    edited = marks({"p0": ""}, edited=frozenset({"c0", "w0"}))
    assert written("dpo", rows=pairs(1), policy=Policy(ExportRules(), edited)).n_rows == 1
    made = written("grpo", rows=prompts(3), policy=Policy(ExportRules(), known))
    assert drops(made) == {"p2": "pii:ip"}


def test_personal_data_stays_where_it_may(written: Written):
    assert written("trl", rows=traces(2), policy=Policy(ExportRules(keep_pii=True), None)).n_dropped == 0


@pytest.mark.parametrize(
    ("changed", "known", "told"),
    [
        ({"licence": None}, {}, r"licence:not stated \(2\).* widen `licences` under \[export\]"),
        ({"terms": "x"}, {}, r"terms:x \(2\).* widen `terms` under \[export\]"),
        ({}, {}, r"pii:unmeasured \(2\).* materialise `pii`"),
    ],
)
def test_a_mix_of_which_nothing_is_left_says_why_and_what_to_change(
    written: Written, tmp_path: Any, changed: dict[str, Any], known: dict[str, str], told: str
):
    policy = Policy(ExportRules(terms=("MIT",)), marks(known))
    with pytest.raises(ConfigError, match=f"None of the mix's 2 rows may be exported.*{told}"):
        written("trl", rows=traces(2, **changed), policy=policy)
    assert list((tmp_path / "exports").iterdir()) == []


def test_the_first_kind_by_name_is_the_reason():
    kinds = [[], ["phone", "email"], None]
    facts = pl.LazyFrame(
        {
            "subject_id": ["none", "two", "null"],
            "marks": [None if of is None else [{"kind": kind} for kind in of] for of in kinds],
        },
        schema={"subject_id": pl.String, "marks": pl.List(MARK)},
    )
    assert dict(kinds_of(facts).collect().rows()) == {"none": "", "two": "email", "null": ""}
