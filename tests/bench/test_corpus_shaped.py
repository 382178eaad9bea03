"""The lake that curation is measured on: what is stored of a trace is true of its text."""

from pathlib import Path

import polars as pl
import pytest

from bench.corpus_shaped import DEFECTS, NIGHT, PER_PROMPT, SHAPE, make
from r1data.lake import Lake
from r1data.text import split
from r1data.verify import verify

ROWS = 400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, pl.DataFrame]:
    lake = Lake(tmp_path_factory.mktemp("shaped"))
    return lake, make(lake, ROWS, seed=1)


def test_every_rollout_is_stored_planned_and_known(made: tuple[Lake, pl.DataFrame]) -> None:
    lake, planted = made
    names = planted["rollout_id"].sort()
    for table in ("rollouts", "plan"):
        assert (
            lake.scan(table, NIGHT).select(pl.col("rollout_id").sort()).collect()["rollout_id"].equals(names)
        )
    assert planted["prompt_id"].n_unique() == ROWS // PER_PROMPT
    assert set(planted["defect"].drop_nulls()) <= set(DEFECTS)


def test_the_form_that_is_stored_is_that_of_the_text(made: tuple[Lake, pl.DataFrame]) -> None:
    lake, _ = made
    forms = lake.scan("verdicts").filter(verifier="format").select("rollout_id", "verdict", "reason")
    rollouts = lake.scan("rollouts").filter(finish_reason="stop").join(forms, on="rollout_id").collect()
    for row in rollouts.iter_rows(named=True):
        said = verify("format", row["completion"], None)
        assert (said.verdict, said.reason) == (row["verdict"], row["reason"])


def test_a_trace_without_a_defect_is_a_thought_and_an_answer_without_letters_of_another_script(
    made: tuple[Lake, pl.DataFrame],
) -> None:
    lake, planted = made
    clean = planted.filter(pl.col("defect").is_null()).lazy()
    prompts = lake.scan("prompts").select("prompt_id", "language")
    rows = lake.scan("rollouts").join(clean, on="rollout_id", how="semi").join(prompts, on="prompt_id")
    for completion, language in rows.select("completion", "language").collect().iter_rows():
        reasoning, answer = split(completion)
        assert reasoning and answer
        assert (language == "zh") == any("\u4e00" <= char <= "\u9fff" for char in completion)


def test_lengths_are_those_of_the_published_corpus(made: tuple[Lake, pl.DataFrame]) -> None:
    lake, _ = made
    domains = lake.scan("prompts").select("prompt_id", "domain")
    rows = lake.scan("rollouts").join(domains, on="prompt_id").select("domain", "completion_tokens").collect()
    means = dict(rows.group_by("domain").agg(pl.col("completion_tokens").mean()).iter_rows())
    assert means["math"] == pytest.approx(SHAPE["math"][1], rel=0.2)
    assert means["general"] == pytest.approx(SHAPE["general"][1], rel=0.3)


def test_one_seed_makes_one_lake(made: tuple[Lake, pl.DataFrame], tmp_path: Path) -> None:
    lake, planted = made
    again = Lake(tmp_path)
    assert make(again, ROWS, seed=1).equals(planted)
    texts = [one.scan("rollouts").sort("rollout_id").collect() for one in (lake, again)]
    assert texts[0].equals(texts[1])
