"""A mix: the SQL file that says what a student trains on.

    -- Which traces does a student learn from? The shortest accepted ones of each prompt.
    -- $keep = 2: traces of one prompt, at most.
    select … from corpus where recipe = $recipe …

The SQL chooses rows; which of them are drawn, how often and in which order say the parameters of DRAWING,
that every mix has without a word in its SQL (`draw.draw`). So no mix has an order of its own.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from r1data.errors import ConfigError, QueryError
from r1data.lake import Lake
from r1data.lake.query import connect, tables_read
from r1data.paths import PROJECT
from r1data.text import nearest
from r1data.train.mix_kinds import Kind
from r1data.train.mix_parameters import DRAWING, Parameter, declared, values
from r1data.train.mix_query import MEMORY, Chosen, Query

MIXES = PROJECT / "sql" / "mixes"


@dataclass(frozen=True)
class Mix:
    """A file of `sql/mixes/`."""

    name: str
    sql: str
    """The whole file, without a `;` at its end."""
    parameters: Mapping[str, Parameter]
    """By name: the mix's own first, then those of DRAWING; a mix may give these other defaults."""

    @property
    def question(self) -> str:
        """Its first line: what it chooses."""
        return self.sql.partition("\n")[0].removeprefix("-- ")

    @property
    def own(self) -> list[str]:
        """Parameters of which its header speaks."""
        return [name for name, one in self.parameters.items() if one is not DRAWING.get(name)]

    @property
    def file(self) -> str:
        """How errors name it."""
        return f"sql/mixes/{self.name}.sql"


@dataclass(frozen=True)
class MixRows:
    """What a mix gave."""

    kind: Kind
    n_rows: int
    """Rows of all batches, copies among them."""
    reads: tuple[str, ...]
    """The lake's tables whose versions decide what the mix gives, also those that it reads through views."""
    batches: Iterator[pl.DataFrame]
    """In training order; they can be read once, while the mix is open."""

    @property
    def columns(self) -> list[str]:
        """Columns of every batch."""
        return list(self.kind.columns)


def mix_names() -> list[str]:
    """Names of all mixes, sorted."""
    return sorted(file.stem for file in MIXES.glob("*.sql"))


def load_mix(name: str) -> Mix:
    """The mix of `sql/mixes/<name>.sql`.

    Raises:
        ConfigError: there is no such file (names the nearest), or its header declares a parameter badly.
    """
    if name not in mix_names():
        raise ConfigError(f"There is no mix {nearest(name, mix_names())}")
    text = (MIXES / f"{name}.sql").read_text(encoding="utf-8")
    return mix_of(name, text)


def mix_of(name: str, text: str) -> Mix:
    """The mix of a text.

    Raises:
        ConfigError: its header declares a parameter badly.
    """
    return Mix(name, text.strip().rstrip(";"), declared(f"sql/mixes/{name}.sql", text))


def reads(mix: Mix, *, recipe: str, given: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The lake's tables that a mix's SQL reads, itself or through views, and those that its order reads."""
    chosen = values(mix.file, mix.parameters, given or {}, recipe=recipe)
    texts = [mix.sql] + (["from curriculum"] if chosen["order"] == "easy_first" else [])
    try:
        return tuple(sorted({table for text in texts for table in tables_read(text)}))
    except QueryError as error:
        raise QueryError(f"{mix.file}: {error}") from error


@contextmanager
def open_mix(
    lake: Lake, mix: Mix, *, recipe: str, given: Mapping[str, Any] | None = None
) -> Iterator[MixRows]:
    """Choose a mix's rows from all nights of a recipe, and stream them in training order.

    Args:
        lake: where from; what is published meanwhile does not show.
        mix: what to choose.
        recipe: `$recipe`.
        given: values of parameters, by name; the defaults of the mix without.

    Raises:
        ConfigError: a parameter is unknown or has a value that it cannot have, or a weight or a cap names a
            source that there is not.
        QueryError: the mix is not one SELECT, names what the lake does not have, returns a row twice, or
            takes more memory than MEMORY.
        SchemaError: it lacks a column.
    """
    with tempfile.TemporaryDirectory(prefix="r1data-mix-") as folder:
        texts, spill = Path(folder, "texts"), Path(folder, "spill")
        texts.mkdir()
        with connect(lake, memory=MEMORY, spill=str(spill)) as connection:
            query = Query(connection, mix, values(mix.file, mix.parameters, given or {}, recipe=recipe))
            chosen = query.choose()
            batches = query.batches(chosen, texts)
            columns = list(chosen.kind.columns)
            tables = {
                *reads(mix, recipe=recipe, given=given),
                *(tables_read("from trace_texts") if query.lent else ()),
            }
            yield MixRows(
                chosen.kind,
                chosen.rows.height,
                tuple(sorted(tables)),
                (batch.select(columns) for batch in batches),
            )


def choose(lake: Lake, mix: Mix, *, recipe: str, given: Mapping[str, Any] | None = None) -> Chosen:
    """The rows of a mix as `open_mix` gives them, without their texts, which are not read.

    Raises:
        As `open_mix`.
    """
    with connect(lake) as connection:
        chosen = values(mix.file, mix.parameters, given or {}, recipe=recipe)
        return Query(connection, mix, chosen).choose()
