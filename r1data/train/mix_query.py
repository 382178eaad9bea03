"""One mix on one connection: its SQL bound and checked, its rows chosen without their texts, its texts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from r1data.errors import ConfigError, QueryError, SchemaError
from r1data.lake.query import message, one_select
from r1data.text import nearest
from r1data.train.draw import draw
from r1data.train.in_order import BATCH, in_order
from r1data.train.lent import TEXTS, places_of, sides_of, with_texts
from r1data.train.mix_kinds import Kind, kind_of, lends, projection
from r1data.train.mix_parameters import DRAWING

if TYPE_CHECKING:
    from r1data.train.mix import Mix

MEMORY = "1500MB"
"""What DuckDB takes at most while it streams a mix; the rest of a process comes on top."""


@dataclass(frozen=True)
class Chosen:
    """The rows that a mix chose, without their texts."""

    kind: Kind
    rows: pl.DataFrame
    """The narrow columns of the kind, `copy` and `position`, in training order."""
    n_before: int
    """Rows that the SQL gave, before the draw."""


class Query:
    """A mix with values, on a connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, mix: "Mix", chosen: Mapping[str, Any]) -> None:
        self._connection, self._mix, self._values = connection, mix, chosen
        try:
            named = one_select(connection, mix.sql).named_parameters
        except QueryError as error:
            raise QueryError(f"{mix.file}: {error}") from error
        if undeclared := sorted(named - set(chosen)):
            raise ConfigError(
                f"{mix.file} uses ${undeclared[0]} and does not declare it. Its header says so: "
                f"-- ${undeclared[0]} = 1: what it means."
            )
        self._used = {name: chosen[name] for name in named}
        with self._told():
            try:
                bound = connection.sql(mix.sql, params=self._used)
            except duckdb.Error:  # `explain` tells the file's line, as a relation does not, but plans it all
                connection.execute(f"explain {mix.sql}", self._used)
                raise
        try:
            self.columns, self.kind = bound.columns, kind_of(bound.columns)
        except SchemaError as error:
            raise SchemaError(f"{mix.file}: {error}") from error
        self.lent = lends(self.kind, self.columns)
        """Whether the texts are those of view `trace_texts`, because the mix returns none."""

    def choose(self) -> Chosen:
        """The rows, drawn and in training order."""
        with self._told():
            rows = self._select(self.kind.narrow).pl()
        for name in (*sides_of(self.kind), "prompt_id"):
            if n_nulls := rows[name].null_count():
                raise QueryError(
                    f"{self._mix.file}: {name} is null in {n_nulls:,} of {rows.height:,} rows. Return "
                    "only rows that have it."
                )
        twice = rows.filter(pl.col(self.kind.key).is_duplicated())
        if twice.height:
            raise QueryError(
                f"{self._mix.file}: {self.kind.key} {twice[self.kind.key][0]} comes more than once, as do "
                f"{twice[self.kind.key].n_unique()} in all. Return each once; $weights repeats rows."
            )
        self._check_sources(rows)
        options = {name: self._values[name] for name in DRAWING}
        return Chosen(self.kind, draw(self._with_difficulty(rows), key=self.kind.key, **options), rows.height)

    def batches(self, chosen: Chosen, folder: Path) -> Iterator[pl.DataFrame]:
        """What was drawn, with its texts, in training order.

        Args:
            chosen: what `choose` gave.
            folder: empty, for files of together the size of the texts.

        Raises:
            QueryError: a row that was drawn has no text.
        """
        kind, rows = chosen.kind, chosen.rows
        if not self.lent:
            texts = self._trimmed(self._select([kind.key, *sorted(kind.texts)]))
            return in_order(texts, rows.select(*kind.narrow, "position"), folder, key=kind.key)
        places = places_of(kind, rows)
        self._connection.register("drawn", places.select("rollout_id").unique())
        wanted = ", ".join(("rollout_id", "messages", *TEXTS))
        told = f"select {wanted} from trace_texts semi join drawn using (rollout_id)"
        texts = self._trimmed(self._connection.sql(told))
        traces = in_order(texts, places, folder, key="rollout_id", together=len(sides_of(kind)))
        return with_texts(kind, rows.select(kind.narrow), traces)

    def _trimmed(self, found: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
        with self._told():
            for batch in found.to_arrow_reader(BATCH):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                long = {*self.kind.texts, *TEXTS}
                texts = [name for name, dtype in frame.schema.items() if name in long and dtype == pl.String]
                yield frame.with_columns(pl.col(texts).str.strip_chars(" \n\r\t"))

    def _select(self, wanted: list[str]) -> duckdb.DuckDBPyRelation:
        told = projection(self.kind, self.columns, wanted)
        with self._told():
            return self._connection.sql(f"select {told} from (\n{self._mix.sql}\n)", params=self._used)

    def _with_difficulty(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self._values["order"] != "easy_first":
            return rows
        told = "select prompt_id, rank as difficulty from curriculum where recipe = $recipe"
        ranks = self._connection.sql(told, params={"recipe": self._values["recipe"]}).pl()
        return rows.join(ranks, on="prompt_id", how="left")

    def _check_sources(self, rows: pl.DataFrame) -> None:
        for name in ("weights", "caps"):
            if not self._values[name]:
                continue
            told = self._connection.sql("select distinct source from given_prompts where source is not null")
            known = {*rows["source"].drop_nulls(), *(source for (source,) in told.fetchall())}
            for source in self._values[name]:
                if source not in known:
                    raise ConfigError(
                        f"${name} names a source that the lake has not: {nearest(source, known)}"
                    )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise QueryError(
                f"{self._mix.file} takes more than {MEMORY} of memory. Choose ids first, in a subquery "
                "without texts, and name the texts in the outermost SELECT only."
            ) from error
        except duckdb.Error as error:
            told = message(error).replace("LINE 1: explain ", "LINE 1: ")
            raise QueryError(f"{self._mix.file}: {told}") from error
