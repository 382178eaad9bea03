"""`r1data verify`: stored rollouts under a new version of a verifier."""

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from r1data import ids
from r1data.curate.stale import stale
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.verify import VERIFIERS, Deferred, Verdict, wrong
from tests.conftest import run_verb

NIGHT = "2026-01-02"


def strict(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A new version of a verifier, which rejects whoever counts on fingers."""
    before = VERIFIERS[name]

    def run(completion: str, *given: Any) -> Verdict | Deferred:
        return wrong("different") if "fingers" in completion else before.run(completion, *given)

    monkeypatch.setitem(VERIFIERS, name, replace(before, version="strict-99", run=run))


def test_new_versions_judge_again_without_generating_and_the_corpus_follows_when_all_have(
    finished_lake: Lake, monkeypatch, capsys
):
    rollouts, before = finished_lake.version("rollouts"), finished_lake.scan("verdicts").collect()
    selected = finished_lake.version("selected")
    accepted = finished_lake.scan("selected").filter("accepted").collect().height
    strict(monkeypatch, "format")
    strict(monkeypatch, "language")
    assert run_verb("verify", "--night", NIGHT, "--only", "language") == 0
    assert finished_lake.version("selected") == selected, "another verifier has verdicts to make"
    waiting = finished_lake.scan("verdicts").filter(pl.col("verifier_version") == "strict-99").collect()
    assert set(waiting["verifier"]) == {"language"}
    capsys.readouterr()

    assert run_verb("verify", "--all-nights", "--json") == 0

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["verifier"] for row in rows} == {"format"}
    assert {(row["before"], row["now"]) for row in rows} == {("right", "right"), ("right", "wrong")}
    assert sum(row["n_verdicts"] for row in rows) == 72
    after = finished_lake.scan("verdicts").collect()
    assert after.join(before, on=before.columns, how="semi", nulls_equal=True).height == before.height
    assert finished_lake.version("rollouts") == rollouts
    assert finished_lake.version("selected") > selected
    assert finished_lake.scan("selected").filter("accepted").collect().height < accepted


def test_the_corpus_does_not_wait_for_what_was_asked_in_a_chat(finished_lake: Lake, monkeypatch):
    before = finished_lake.version("selected")
    chat = finished_lake.scan("rollouts").head(1).with_columns(rollout_id=pl.lit("c"), index=ids.CHAT_INDEX)
    finished_lake.append("rollouts", chat.cast(finished_lake.scan("rollouts").collect_schema()))
    strict(monkeypatch, "format")
    assert run_verb("verify", "--night", NIGHT, "--only", "format") == 0
    assert finished_lake.version("selected") > before


def test_what_a_later_night_says_of_a_prompt_reaches_the_corpus_of_an_earlier_one(finished_lake: Lake):
    before, recipe = finished_lake.scan("corpus").collect(), load_recipe(None)
    assert stale(finished_lake, recipe).is_empty()
    later = "2026-01-03"
    said = finished_lake.scan("intake").with_columns(
        night=pl.lit(later), licence=pl.lit("MIT"), level=pl.lit(3)
    )
    said = said.cast(finished_lake.scan("intake").collect_schema())
    finished_lake.replace(
        "intake", {"recipe": "fake", "night": later}, said.filter(prompt_id=before["prompt_id"][0])
    )
    n = before.filter(prompt_id=before["prompt_id"][0]).height
    assert stale(finished_lake, recipe).rows() == [(NIGHT, "corpus", n)]

    assert run_verb("verify", "--night", NIGHT) == 0

    assert stale(finished_lake, recipe).is_empty()
    after = finished_lake.scan("corpus").collect()
    assert set(after.filter(licence="MIT", level=3)["prompt_id"]) == {before["prompt_id"][0]}
    assert after.drop("licence", "level").equals(before.drop("licence", "level"))


def test_nothing_is_judged_twice_and_what_another_recipe_says_of_a_prompt_changes_no_verdict_or_corpus(
    finished_lake: Lake,
):
    before = {table: finished_lake.version(table) for table in ("verdicts", "selected", "corpus")}
    other = {"recipe": "other", "verifier": "exact", "reference": "?", "reference_version": "another"}
    later = pl.col("added_at") + pl.duration(days=1)
    rows = finished_lake.scan("prompt_references").with_columns(
        later, **{k: pl.lit(v) for k, v in other.items()}
    )
    assert finished_lake.append("prompt_references", rows).n_rows == 12

    assert run_verb("verify", "--night", NIGHT) == 0

    assert {table: finished_lake.version(table) for table in before} == before
    assert stale(finished_lake, load_recipe(None)).is_empty()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--night", NIGHT, "--only", "maths"], "did you mean `math`"),
        (["--night", "2026-01-03"], "has no rollouts"),
        (["--night", NIGHT, "--all-nights"], "not both"),
    ],
)
def test_what_cannot_be_verified_is_refused(words: list[str], told: str, finished_home, monkeypatch, capsys):
    for name, value in finished_home.items():
        monkeypatch.setenv(name, value)
    assert run_verb("verify", *words) in (1, 2)
    assert told in capsys.readouterr().err
