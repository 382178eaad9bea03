"""Verdicts of an adaptive night: made while the engine works, and the ledger's own."""

from typing import Self

import polars as pl

from r1data.curate.current import own_references
from r1data.recipe import Recipe
from r1data.schema import TABLES
from r1data.verify.right import right_rollouts
from r1data.verify.run import pending, verify_batches
from r1data.verify.stored import Store
from r1data.verify.workers import Pool


class Judging:
    """A context manager that judges rollouts in worker processes, and keeps the verdicts until `publish`."""

    def __init__(self, store: Store, recipe: Recipe) -> None:
        """The recipe says how, and by whose references."""
        self._store = store
        self._recipe = recipe.name
        self._pool = Pool(recipe.verify.workers, recipe.verify.timeout_s, recipe.verify.sandbox)
        self._facts: list[pl.DataFrame] = []

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.__exit__(*exc)

    def __call__(self, rollouts: pl.DataFrame) -> pl.DataFrame:
        """Judge rows of table `rollouts`: prompt_id and right (Boolean) of each."""
        rows = rollouts.lazy()
        asked = rollouts["prompt_id"].unique().implode()
        references = self._references().filter(pl.col("prompt_id").is_in(asked))
        prompts = self._store.scan("prompts").filter(pl.col("prompt_id").is_in(asked))
        todo = pending(rows, prompts, references, TABLES["verdicts"].empty().lazy())
        facts = self._judge(todo)
        self._facts.append(facts)
        right = right_rollouts(rows, facts.lazy(), references).with_columns(right=pl.lit(True))
        joined = rows.select("rollout_id", "prompt_id").join(right, on="rollout_id", how="left")
        return joined.select("prompt_id", pl.col("right").fill_null(False)).collect()

    def publish(self) -> None:
        """Append the verdicts so far to the ledger; their rollouts must be there."""
        facts, self._facts = self._facts, []
        if facts:
            self._store.append("verdicts", pl.concat(facts))

    def catch_up(self, rollouts: pl.LazyFrame) -> None:
        """Judge stored rollouts that have no current verdict, such as those of a run that was cut short."""
        scan = self._store.scan
        todo = pending(rollouts, scan("prompts"), self._references(), scan("verdicts"))
        self._facts.append(self._judge(todo))
        self.publish()

    def _references(self) -> pl.LazyFrame:
        return own_references(self._store.scan("prompt_references"), self._recipe)

    def _judge(self, todo: pl.LazyFrame) -> pl.DataFrame:
        return pl.concat([TABLES["verdicts"].empty(), *verify_batches(todo, pool=self._pool)])
