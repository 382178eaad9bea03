"""What a student reads: all rows of its mix or, in an ablation, as many as every mix of it can give."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import xxhash

from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import AblationStudent, Recipe, Student
from r1data.train.exports import Export
from r1data.train.exports.make import export_mix
from r1data.train.mix import load_mix

KEYS = ("rollout_id", "chosen_id", "prompt_id")
"""What names a row of an export, whichever it has."""


def export_for(lake: Lake, student: Student, *, form: str, recipe: Recipe, fit: bool) -> Export:
    """Export what a student trains on.

    In an ablation every mix is exported whole first, since the rows that may be exported and fit are what
    must be equal in number; then as many as the smallest mix has, or `n_rows` of them, are drawn by the
    student's seed, and keep their order. Parameters of the student that a mix does not have are left out.

    Args:
        lake: where from.
        student: its mix, its parameters, its ablation.
        form: a key of EXPORTS.
        recipe: whose nights, and whose rules.
        fit: leave out what is too long for the student.

    Raises:
        ConfigError: the mix has fewer rows than the ablation asks for.
        As `export_mix`, besides.
    """
    make = partial(export_mix, lake, form=form, recipe=recipe, student=student if fit else None)
    if not isinstance(student, AblationStudent):
        return make(student.mix, given=student.mix_parameters)
    given = _known(student.mix, student.mix_parameters)
    whole = make(student.mix, given=given)
    n = student.ablation.n_rows or min(
        whole.n_rows if mix == student.mix else make(mix, given=_known(mix, student.mix_parameters)).n_rows
        for mix in student.ablation.mixes
    )
    if whole.n_rows < n:
        raise ConfigError(
            f"Mix {student.mix} gives {whole.n_rows:,} rows, and n_rows under [ablation] of student "
            f"{student.of} is {n:,}. Lower it, or leave it out to take as many as the smallest mix has."
        )
    return whole if whole.n_rows == n else make(student.mix, given=given, only=drawn(whole, n, student.seed))


def drawn(export: Export, n: int, seed: int) -> Counter[str]:
    """Draw n rows of an export; how often each row's id was drawn, which may be in it more than once.

    Chance is a hash of seed, id and copy, so equal seeds draw alike on any machine.
    """
    copies = Counter[str]()
    lots = []
    with export.rows.open("rb") as lines:
        for line in map(orjson.loads, lines):
            key = next(line[name] for name in KEYS if name in line)
            lots.append((xxhash.xxh3_64_intdigest(f"{seed} budget {key} {copies[key]}".encode()), key))
            copies[key] += 1
    return Counter(key for _, key in sorted(lots)[:n])


def _known(mix: str, given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = load_mix(mix).parameters
    return {name: value for name, value in given.items() if name in parameters}
