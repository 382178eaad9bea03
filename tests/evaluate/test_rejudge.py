"""Attempts are judged by the references and verifiers of today, whenever they were made."""

from pathlib import Path

import polars as pl
import pytest

from r1data.evaluate import Ask
from r1data.evaluate import rejudge as module
from r1data.evaluate.rejudge import TOLD, rejudged
from r1data.lake import Lake
from r1data.recipe import Verify
from r1data.verify import VERIFIERS
from tests.evaluate.test_evaluate import BASE, HOW, RIGHT, WRONG, Bench, items

SIX = pl.lit("6")


@pytest.fixture
def attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """Two attempts at each item, that answer 5 and 6, when the reference was 5."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    lake = Lake(str(tmp_path / "lake"))
    Bench(lake, texts=[RIGHT, WRONG]).ask(BASE)
    return Ask(BASE, HOW).attempts(lake.scan("evaluations"), items())


def again(attempts: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    return rejudged(attempts, asked, Verify(workers=1))


def test_what_was_judged_by_todays_versions_is_not_judged_again(
    attempts: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    assert attempts["verifier_version"].unique().to_list() == [VERIFIERS["math"].version]
    monkeypatch.delattr(module, "verify_rollouts")
    assert again(attempts, items()).equals(attempts)


def test_a_reference_that_was_mended_turns_the_verdicts_of_its_item_only(attempts: pl.DataFrame):
    first = items()["item_id"][0]
    mended = items().with_columns(reference=pl.when(item_id=first).then(SIX).otherwise("reference"))
    now = again(attempts, mended)
    assert now.drop(TOLD).equals(attempts.drop(TOLD))
    other = pl.col("item_id") != first
    assert now.filter(other).equals(attempts.filter(other))
    told = dict(now.filter(~other).select("completion", "solved").rows())
    assert told == {RIGHT: False, WRONG: True}
    assert now.filter(~other).select((pl.col("solved") == pl.col("last_number_right")).all()).item()
    assert again(now, mended).equals(now)


@pytest.mark.parametrize("version", ["math-0", None])
def test_what_an_older_verifier_judged_or_nobody_knows_which_is_judged_again(
    attempts: pl.DataFrame, version: str | None
):
    old = attempts.with_columns(
        verifier_version=pl.lit(version, pl.String), verdict=pl.lit("wrong"), solved=pl.lit(False)
    )
    assert again(old, items()).equals(attempts)


def test_two_models_are_judged_alike_though_one_was_asked_before_the_reference_was_mended(
    attempts: pl.DataFrame,
):
    mended = items().with_columns(reference=SIX)
    assert again(attempts, mended)["solved"].to_list() == (~attempts["solved"]).to_list()
