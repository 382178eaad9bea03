"""A mix: the SQL file that says what a student trains on."""

import polars as pl

from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.paths import PROJECT
from r1data.text import nearest

MIXES = PROJECT / "sql" / "mixes"
READS = (
    "corpus",
    "cold_start",
    "selected",
    "rollouts",
    "verdicts",
    "judgements",
    "reviews",
    "duplicates",
    "prompts",
    "prompt_references",
    "teachers",
)
"""Tables whose versions are recorded with what a mix gave."""


def mix_text(name: str) -> str:
    """The SQL of `sql/mixes/<name>.sql`.

    Raises:
        ConfigError: there is no such file; names the nearest.
    """
    path = MIXES / f"{name}.sql"
    if not path.is_file():
        raise ConfigError(f"There is no mix {nearest(name, (file.stem for file in MIXES.glob('*.sql')))}")
    return path.read_text(encoding="utf-8")


def mix_rows(lake: Lake, name: str, *, recipe: str) -> pl.DataFrame:
    """The rows that a mix chooses from all nights of a recipe, in training order.

    Raises:
        ConfigError: there is no such mix.
        QueryError: it is not one SELECT, or names what the lake does not have.
    """
    return fetch(lake, mix_text(name), {"recipe": recipe})
