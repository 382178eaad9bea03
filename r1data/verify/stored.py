"""Judging the stored rollouts of a night, also again under new versions; nothing is generated.

Old verdicts stay in the ledger beside the new ones.
"""

import re
from collections.abc import Collection, Iterator
from typing import Protocol

import polars as pl

from r1data.curate.current import own_references
from r1data.errors import ConfigError
from r1data.recipe import Recipe
from r1data.schema.facts import VERDICTS
from r1data.verify import reward_model, verifier
from r1data.verify.run import pending, verify_batches

TASK = ["rollout_id", "verifier", "reference_version"]
"""What two versions of a verifier both judge."""


class Store(Protocol):
    """Where a stage reads and publishes, such as `r1data.lake.Lake`."""

    def scan(self, table: str, night: str | None = None) -> pl.LazyFrame:
        """The rows of a table, of one night if given."""

    def append(self, table: str, frame: pl.DataFrame) -> object:
        """Add to a ledger the rows that it does not hold."""


def judge_night(
    store: Store, night: str, recipe: Recipe, only: Collection[str] = ()
) -> Iterator[pl.DataFrame]:
    """Judge what has no current verdict, by rule and then by the recipe's reward model, if it has one, and
    publish it batch by batch.

    Args:
        store: where rollouts, prompts, references and verdicts are.
        night: YYYY-MM-DD.
        recipe: how verdicts are made, and by whose references.
        only: names of verifiers, or `reward_model`; all without it.

    Yields:
        Schema VERDICTS: what was published.

    Raises:
        ConfigError: there is no verifier of a name in `only`, or no such reward model.
        EngineError: the process of the reward model died.
    """
    model = reward_model.model_of(recipe)
    rules = [name for name in only if name != reward_model.NAME]
    if rules or not only:
        todo = unjudged(store, night, recipe.name, rules)
        for part in verify_batches(todo, **recipe.verify.by_rule):
            store.append("verdicts", part)
            yield part
    if model is None and reward_model.NAME in only:
        raise ConfigError(f"Recipe {recipe.name} has no reward model. Name one: [verify] reward_model.")
    if model and (not only or reward_model.NAME in only):
        for part in reward_model.read_rollouts(reward_model.unread(store, night, model.revision), model):
            store.append("verdicts", part)
            yield part


def unjudged(store: Store, night: str, recipe: str, only: Collection[str] = ()) -> pl.LazyFrame:
    """The tasks of a night without a verdict that is current for a recipe, as `pending` gives them; of some
    verifiers, if named.

    Raises:
        ConfigError: there is no verifier of a name in `only`.
    """
    for name in only:
        verifier(name)
    rollouts, verdicts = store.scan("rollouts", night), store.scan("verdicts", night)
    references = own_references(store.scan("prompt_references"), recipe)
    todo = pending(rollouts, store.scan("prompts"), references, verdicts)
    return todo.filter(pl.col("verifier").is_in(list(only))) if only else todo


def changes(before: pl.LazyFrame, after: pl.LazyFrame) -> pl.DataFrame:
    """How new verdicts differ from the newest ones that they follow.

    Args:
        before, after: schema VERDICTS, as stored before the new ones and with them.

    Returns:
        verifier, before (verdict; null where there was none), now (verdict), n_verdicts (Int64).
    """
    versions = before.select("verifier_version").unique().collect()["verifier_version"]
    rank = {version: at for at, version in enumerate(sorted(versions, key=_numbers))}
    newest = before.group_by(TASK).agg(
        before=pl.col("verdict")
        .sort_by(pl.col("verifier_version").replace_strict(rank, return_dtype=pl.Int64))
        .last()
    )
    made = after.join(before, on=list(VERDICTS.key), how="anti").select(*TASK, now="verdict")
    keys = ["verifier", "before", "now"]
    counted = made.join(newest, on=TASK, how="left").group_by(keys).agg(n_verdicts=pl.len().cast(pl.Int64))
    return counted.sort(keys).collect(engine="streaming")


def _numbers(version: str) -> tuple[list[int], str]:
    """Versions in their order: 1.10 after 1.9."""
    return [int(number) for number in re.findall(r"\d+", version)], version
