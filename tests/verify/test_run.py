from datetime import UTC, datetime

import polars as pl
import pytest

from r1data.errors import ConfigError
from r1data.schema import TABLES
from r1data.verify import VERIFIERS
from r1data.verify.run import pending, verify_batches, verify_rollouts

NIGHT = "2026-01-01"


def rollouts(*rows):
    schema = ["night", "rollout_id", "prompt_id", "completion", "finish_reason"]
    return pl.LazyFrame([(NIGHT, *row) for row in rows], schema=schema, orient="row")


def references(*rows):
    schema = ["night", "prompt_id", "reference_version", "reference", "verifier", "verifier_args", "added_at"]
    return pl.LazyFrame(
        [(NIGHT, *row, "{}", datetime(2026, 1, day, tzinfo=UTC)) for *row, day in rows],
        schema=schema,
        orient="row",
    )


PROMPTS = pl.LazyFrame({"prompt_id": ["p"], "language": ["en"]})
NONE = TABLES["verdicts"].empty().lazy()
ROLLOUTS = rollouts(
    ("r1", "p", "<think>3 + 4</think>7", "stop"),
    ("r2", "p", "<think>3 + 4</think>8", "stop"),
    ("r3", "p", "<think>3 + 4</think>7", "length"),
)
REFERENCES = references(("p", "v1", "7", "math", 1))


def judged(wanted):
    return pl.concat([TABLES["verdicts"].empty(), *verify_batches(wanted, workers=1)])


def test_every_rollout_is_judged_by_its_reference_and_by_form():
    verdicts = judged(pending(ROLLOUTS, PROMPTS, REFERENCES, NONE))
    assert verdicts.schema == TABLES["verdicts"].schema
    found = verdicts.select("rollout_id", "verifier", "reference_version", "verdict", "reason").rows()
    assert found == [
        ("r1", "format", "", "right", "well_formed"),
        ("r1", "language", "", "right", "in_language"),
        ("r1", "math", "v1", "right", "equal"),
        ("r2", "format", "", "right", "well_formed"),
        ("r2", "language", "", "right", "in_language"),
        ("r2", "math", "v1", "wrong", "different"),
        ("r3", "format", "", "unknown", "truncated"),
        ("r3", "language", "", "unknown", "truncated"),
        ("r3", "math", "v1", "unknown", "truncated"),
    ]
    assert verdicts.filter(verdict="unknown")["reward"].null_count() == 3
    assert pending(ROLLOUTS, PROMPTS, REFERENCES, verdicts.lazy()).collect().is_empty()


def test_a_language_of_any_spelling_is_judged_and_stops_no_night():
    prompts = PROMPTS.with_columns(language=pl.lit('en"\\'))
    verdicts = judged(pending(ROLLOUTS, prompts, REFERENCES, NONE)).filter(verifier="language")
    assert verdicts["reason"].to_list() == ["unknown_script", "unknown_script", "truncated"]


def test_a_corrected_reference_is_judged_anew_and_nothing_else():
    stored = judged(pending(ROLLOUTS, PROMPTS, REFERENCES, NONE)).lazy()
    corrected = references(("p", "v1", "7", "math", 1), ("p", "v2", "8", "math", 2))
    wanted = pending(ROLLOUTS, PROMPTS, corrected, stored)
    assert judged(wanted).select("rollout_id", "verifier", "reference_version", "verdict").rows() == [
        ("r1", "math", "v2", "wrong"),
        ("r2", "math", "v2", "right"),
        ("r3", "math", "v2", "unknown"),
    ]


def test_a_verdict_of_another_version_is_made_anew():
    stored = judged(pending(ROLLOUTS, PROMPTS, REFERENCES, NONE))
    older = pl.when(verifier=pl.lit("math")).then(pl.lit("math-0")).otherwise("verifier_version")
    wanted = pending(
        ROLLOUTS, PROMPTS, REFERENCES, stored.with_columns(verifier_version=older).lazy()
    ).collect()
    assert set(wanted["verifier"]) == {"math"}
    assert set(wanted["verifier_version"]) == {VERIFIERS["math"].version}


@pytest.mark.parametrize("finish_reason", ["length", "abort", "error", "repetition", "rejected"])
def test_a_completion_that_was_cut_is_never_wrong(finish_reason):
    wanted = pending(rollouts(("r", "p", "<think>3", finish_reason)), PROMPTS, REFERENCES, NONE)
    assert set(judged(wanted)["reason"]) == {"truncated"}


def test_no_rollouts_give_no_verdicts():
    assert (
        judged(pending(rollouts().cast(pl.String), PROMPTS, REFERENCES, NONE)).schema == NONE.collect_schema()
    )


def test_a_reference_with_an_unknown_verifier_stops_the_run():
    wanted = pending(ROLLOUTS, PROMPTS, references(("p", "v1", "7", "maths", 1)), NONE)
    with pytest.raises(ConfigError, match="did you mean `math`"):
        judged(wanted)


def test_rollouts_are_judged_by_the_verifiers_of_their_prompts_with_progress():
    prompts = pl.LazyFrame(
        {"prompt_id": ["p", "p"], "verifier": ["math", "exact"], "reference": ["7", "8"]}
    ).with_columns(verifier_args=pl.lit(None, pl.String))
    made: list[int] = []
    verdicts = verify_rollouts(ROLLOUTS.drop("night"), prompts, workers=1, progress=made.append)
    assert verdicts.select("rollout_id", "verifier", "verdict").rows() == [
        ("r1", "math", "right"),
        ("r1", "exact", "wrong"),
        ("r2", "math", "wrong"),
        ("r2", "exact", "right"),
        ("r3", "math", "unknown"),
        ("r3", "exact", "unknown"),
    ]
    assert made == [6]
