"""What a reward model says of stored rollouts, beside the verifiers and without a say in what they decide."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest

from r1data.curate.stale import stale
from r1data.errors import ConfigError, EngineError
from r1data.lake import Lake
from r1data.lake.query import connect
from r1data.recipe import Recipe
from r1data.train.mix import load_mix, open_mix
from r1data.train.preference import Reading, prefers_of, reward_model, reward_of
from r1data.verify.reward_model import NAME
from r1data.verify.stored import judge_night
from tests.sql.conftest import NIGHT, RECIPE, night_of_five, publish
from tests.train.conftest import tiny_model, tokenizer  # noqa: F401

pytestmark = pytest.mark.slow

DECIDING = "from current_verdicts order by all"
Read: TypeAlias = tuple[Lake, pl.DataFrame, list[Any]]


def saved(base: Path, folder: Path, *, seed: int) -> Path:
    """A reward model whose last layer is random."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, dtype=torch.bfloat16)
    model.config.update(Reading("completion", 100).told())
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def models(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:  # noqa: F811
    """Two reward models."""
    made = tmp_path_factory.mktemp("models")
    return [saved(tiny_model, made / str(seed), seed=seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def read(models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """A lake, what the first model said of it, and `current_verdicts` of before. Of seven rollouts one is cut
    off, one has no answer, and one is longer than the models read.
    """
    home = tmp_path_factory.mktemp("read")
    lake, tables = Lake(home / "lake"), night_of_five()
    first = tables["rollouts"][0]
    tables["rollouts"] += [
        first | {"rollout_id": "f", "completion": "<think>\nSo.\n</think>\n"},
        first | {"rollout_id": "g", "completion": first["completion"] + "4" * 100},
    ]
    publish(lake, tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        before = asked(lake, DECIDING)
        yield lake, judged(lake, models[0]), before


def recipe(model: Path | str | None) -> Recipe:
    return Recipe.model_validate(
        {
            "name": RECIPE,
            "start": NIGHT,
            "prompts": [{"name": "p", "source": "templates"}],
            "verify": {"reward_model": model and str(model)},
        }
    )


def judged(lake: Lake, model: Path | str | None) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(), *judge_night(lake, NIGHT, recipe(model), [NAME])], how="diagonal")


def asked(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with connect(lake) as connection:
        return connection.execute(sql).fetchall()


def test_rewards_are_the_models_numbers_and_every_rollout_is_read_once(read: Read, models: list[Path]):
    lake, rows, _ = read
    assert set(rows["verifier_version"]) == {reward_model(str(models[0])).revision}
    told = {row["rollout_id"]: (row["verdict"], row["reward"], row["reason"]) for row in rows.to_dicts()}
    assert [told[name] for name in "dfg"] == [
        ("unknown", None, "truncated"),
        ("wrong", 0.0, "no_answer"),
        ("unknown", None, "too_long"),
    ]
    texts = [row for row in lake.scan("rollouts").collect().to_dicts() if row["rollout_id"] in "abce"]
    prompts = [[{"role": "user", "content": f"Question {row['prompt_id']}?"}] for row in texts]
    numbers = prefers_of(models[0])(prompts, [row["completion"] for row in texts])
    for row, number in zip(texts, numbers, strict=True):
        verdict, reward, reason = told[row["rollout_id"]]
        assert reward == pytest.approx(reward_of(number), abs=1e-6)
        assert (verdict, reason) == (("right", "preferred") if number >= 0 else ("wrong", "not_preferred"))
    assert judged(lake, models[0]).is_empty()


def test_it_decides_nothing_but_what_a_mix_asks_it(read: Read):
    lake, _, before = read
    assert asked(lake, DECIDING) == before
    rewards = dict(asked(lake, "select rollout_id, reward from current_preferences"))
    threshold = (rewards["a"] + rewards["e"]) / 2
    with open_mix(lake, load_mix("preferred"), recipe=RECIPE, given={"threshold": threshold}) as mix:
        kept = pl.concat(mix.batches)["rollout_id"].to_list()
    assert kept == [max("ae", key=rewards.__getitem__)]


def test_another_model_reads_all_anew_and_the_one_trained_last_counts(read: Read, models: list[Path]):
    lake, _, _ = read
    revisions = [reward_model(str(model)).revision for model in models]
    due = {row["stage"]: row["n_rollouts"] for row in stale(lake, recipe(models[1])).to_dicts()}
    assert due["verdicts"] == 7
    assert judged(lake, models[1]).height == 7
    for revision, day in zip(revisions, (2, 1), strict=True):
        row = {"student": "s", "run_key": revision, "revision": revision}
        publish(lake, {"students": [row | {"trained_at": datetime(2026, 1, day, tzinfo=UTC)}]})
    assert asked(lake, "select distinct student, revision from current_preferences") == [("s", revisions[0])]
    assert asked(lake, "select count(*) from verdicts where verifier = 'reward_model'") == [(14,)]


def test_a_process_that_dies_names_its_log_and_what_is_no_model_is_refused(
    read: Read, models: list[Path], tmp_path: Path
):
    lake = Lake(tmp_path / "lake")
    publish(lake, night_of_five())
    broken = shutil.copytree(models[0], tmp_path / "broken")
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(EngineError, match=r"ended \(status 1\).*Its log is .*reward_model-\d+\.log"):
        judged(lake, broken)
    with pytest.raises(ConfigError, match=r"\[verify\] reward_model: Student s was never trained here"):
        judged(lake, "student:s")
    with pytest.raises(ConfigError, match="Recipe r has no reward model"):
        judged(lake, None)
