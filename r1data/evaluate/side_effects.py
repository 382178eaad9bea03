"""Sets that tell what else a student may have lost or gained: they come with the project, in English.

- `instruction`: does it keep the constraints of a prompt?
- `refusal`: does it decline what should be declined?
- `over_refusal`: does it answer what only looks as if it should be declined?

Reasoning SFT has raised harmful compliance and lowered instruction following, so both are asked before and
after. The sets are small, so only large changes show; a [[benchmarks]] of the recipe takes the place of a
set of its name.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from r1data.errors import ConfigError
from r1data.paths import PROJECT
from r1data.prompts import intake, questions
from r1data.recipe import BenchmarkSource
from r1data.text import nearest

FOLDER = PROJECT / "recipes" / "side_effects"
VERIFIERS = {"instruction": "instruction", "refusal": "refusal", "over_refusal": "refusal"}
"""By file of FOLDER, what judges its answers."""


def with_side_effects(items: pl.DataFrame, sets: Iterable[str], *, start: date) -> pl.DataFrame:
    """Benchmark items with those of the sets that are no benchmark of the lake.

    Args:
        items: table `benchmarks`.
        sets: names of benchmarks, or keys of VERIFIERS.
        start: the recipe's first night, under which the items of sets are.

    Raises:
        ConfigError: there is neither a benchmark nor a set of a name.
    """
    known = set(items["benchmark"])
    wanted = [section_of(name) for name in sets if name not in known]
    found = questions(wanted, night=None, start=start).lazy()
    return pl.concat([items, intake.benchmarks(found, night=start.isoformat()).collect()])


def section_of(name: str) -> BenchmarkSource:
    """The [[benchmarks]] by which a recipe would ask a set of FOLDER.

    Raises:
        ConfigError: there is no such set; names the nearest.
    """
    if name not in VERIFIERS:
        raise ConfigError(
            f"`side_effects` names neither a benchmark of the recipe nor a set: {nearest(name, VERIFIERS)}"
        )
    return BenchmarkSource(
        name=name,
        source="files",
        path=str(FOLDER / f"{name}.jsonl"),
        columns={"prompt": "prompt", "reference": "reference", "family": "family"},
        domain="instruction" if name == "instruction" else "general",
        verifier=VERIFIERS[name],
        licence="Apache-2.0",
    )
