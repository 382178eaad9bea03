"""Judge stored attempts again whose reference or verifier was mended since: all models by the same rules.

What is stored stays: a result judges anew each time it is read, and only what another version judged. That is
cheap for answers; programs of `code` items run again, in the sandbox.
"""

import logging

import polars as pl

from r1data import ids
from r1data.evaluate.attempts import references_of, with_verdicts
from r1data.recipe import Verify
from r1data.verify import verifier
from r1data.verify.run import verify_rollouts

log = logging.getLogger("r1data")

TOLD = ["verdict", "extracted", "solved", "last_number_right", "verifier_version", "reference_version"]
"""Columns of table `evaluations` that verdicts decide."""


def rejudged(attempts: pl.DataFrame, items: pl.DataFrame, verify: Verify) -> pl.DataFrame:
    """Attempts as verifiers and references judge them now.

    Args:
        attempts: rows of table `evaluations`, of one model at one benchmark; rows without versions are judged
            again.
        items: rows of table `benchmarks`, those of that benchmark.
        verify: workers, time limit and sandbox of the verifiers.

    Returns:
        The same rows, in the same order.

    Raises:
        ConfigError: an item names a verifier that there is not.
    """
    stale = _stale(attempts, items)
    if not stale.any():
        return attempts
    log.info("%d of %d attempts are judged again: by other versions before", stale.sum(), attempts.height)
    name = pl.struct("item_id", "student_id", "index").map_elements(
        lambda row: ids.rollout_id(row["item_id"], row["student_id"], row["index"]), return_dtype=pl.String
    )
    old = attempts.filter(stale).with_columns(rollout_id=name)
    verdicts = verify_rollouts(
        old.lazy().rename({"item_id": "prompt_id"}).drop("verifier_version", "reference_version"),
        references_of(items),
        workers=verify.workers,
        timeout_s=verify.timeout_s,
        sandbox=verify.sandbox,
    )
    new = with_verdicts(old.lazy().drop(TOLD), verdicts, items)
    return pl.concat([attempts.filter(~stale), new]).sort("item_id", "index")


def _stale(attempts: pl.DataFrame, items: pl.DataFrame) -> pl.Series:
    """Which attempts were judged by another reference or verifier, or nobody knows by which."""
    names = items["verifier"].unique().to_list()
    versions = {name: verifier(name).version for name in names}
    now = references_of(items).select(
        item_id="prompt_id",
        reference_now="reference_version",
        verifier_now=pl.col("verifier").replace_strict(versions, return_dtype=pl.String),
    )
    found = attempts.lazy().join(now, on="item_id", how="left", maintain_order="left").collect()
    return found["reference_version"].ne_missing(found["reference_now"]) | found[
        "verifier_version"
    ].ne_missing(found["verifier_now"])
