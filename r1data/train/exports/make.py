"""From a mix's name to an export: open the mix, look up what the policy must know, write."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from r1data import paths
from r1data.lake import Lake
from r1data.recipe import ExportRules, Recipe, Student
from r1data.train.exports import export, form_of
from r1data.train.exports.about import about_of
from r1data.train.exports.base import Export
from r1data.train.exports.fit import fit_of
from r1data.train.exports.policy import Marks, Policy, kinds_of
from r1data.train.mix import load_mix, open_mix


def export_folder() -> Path:
    """Where exports lie: `exports` in `paths.home()`."""
    return paths.home() / "exports"


def export_mix(
    lake: Lake,
    name: str,
    *,
    form: str,
    recipe: Recipe,
    given: Mapping[str, Any] | None = None,
    student: Student | None = None,
    keep_pii: bool = False,
    folder: Path | None = None,
    only: Counter[str] | None = None,
) -> Export:
    """Export the rows that a mix chooses from all nights of a recipe.

    Args:
        lake: where from.
        name: a file of sql/mixes.
        form: a key of EXPORTS.
        recipe: whose nights, and whose rules.
        given: values of the mix's parameters.
        student: whose context the rows must fit into.
        keep_pii: keep personal data, whatever the recipe says.
        folder: holds all exports; `export_folder()` without it.
        only: how often each row may come, by the key of its kind; those that it lacks are left out.

    Raises:
        ConfigError: there is no such mix, form or parameter, or nothing is left to export.
        SchemaError: the form reads a column that the mix does not give.
        QueryError: the mix is not one SELECT, or names what the lake does not have.
        GateError: the student's chat template loses part of a trace.
    """
    form_of(form)
    mix, given = load_mix(name), given or {}
    about = about_of(lake, mix, recipe, given)
    if only:
        about = replace(about, parameters={**about.parameters, "n_rows": only.total()})
    fit = fit_of(student) if student else None
    with open_mix(lake, mix, recipe=recipe.name, given=given) as opened:
        # After the mix was opened, so that no edit is among its texts that the policy does not know of.
        policy = policy_of(lake, recipe.export, keep_pii=keep_pii)
        batches = _only(opened.batches, opened.kind.key, only) if only else opened.batches
        return export(batches, folder or export_folder(), form=form, policy=policy, about=about, fit=fit)


def _only(batches: Iterable[pl.DataFrame], key: str, only: Counter[str]) -> Iterator[pl.DataFrame]:
    left = only.copy()
    for batch in batches:
        wanted = []
        for name in batch[key]:
            wanted.append(left[name] > 0)
            left[name] -= 1
        yield batch.filter(pl.Series(wanted, dtype=pl.Boolean))


def policy_of(lake: Lake, rules: ExportRules, *, keep_pii: bool = False) -> Policy:
    """The policy of a recipe, with what the lake knows of personal data by now."""
    if keep_pii or rules.keep_pii:
        return Policy(rules, None)
    from r1data.curate.pii import VERSION, pii

    current = kinds_of(lake.scan("pii").filter(pl.col("version") == VERSION)).collect()
    by_people = [
        lake.scan("reviews").filter(pl.col("verdict") == "edit").select("rollout_id"),
        # People's edits of cold start, and texts whose marks were changed to the recipe's pattern.
        lake.scan("cold_start").select("rollout_id"),
    ]
    edited = pl.concat(by_people).unique().collect()["rollout_id"]
    return Policy(rules, Marks(current, frozenset(edited), pii))
