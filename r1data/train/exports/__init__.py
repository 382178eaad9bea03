"""Exports: a mix's rows → files that a trainer reads. To add a form, write a file here and name it below."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from r1data.errors import ConfigError
from r1data.text import nearest
from r1data.train.exports import dpo, grpo, llamafactory, messages, openai, parquet, trl, verl
from r1data.train.exports.about import About, about_of
from r1data.train.exports.base import Export, exports_in, read, write_export
from r1data.train.exports.fit import Fit, fit_of
from r1data.train.exports.form import Form
from r1data.train.exports.policy import Marks, Policy

EXPORTS: dict[str, Form] = {
    "trl": trl.FORM,
    "messages": messages.FORM,
    "openai": openai.FORM,
    "llamafactory": llamafactory.FORM,
    "grpo": grpo.FORM,
    "verl": verl.FORM,
    "dpo": dpo.FORM,
    "parquet": parquet.FORM,
}

__all__ = [
    "EXPORTS",
    "About",
    "Export",
    "Fit",
    "Form",
    "Marks",
    "Policy",
    "about_of",
    "export",
    "exports_in",
    "fit_of",
    "read",
]


def export(
    batches: Iterable[pl.DataFrame],
    folder: Path,
    *,
    form: str,
    policy: Policy,
    about: About,
    fit: Fit | None = None,
) -> Export:
    """Write the rows of a mix in a form of EXPORTS; see `base.write_export`.

    Raises:
        ConfigError: there is no such form.
        As `write_export`, besides.
    """
    return write_export(batches, folder, form=form_of(form), policy=policy, about=about, fit=fit)


def form_of(name: str) -> Form:
    """The form of a name.

    Raises:
        ConfigError: there is none; names the nearest.
    """
    if name not in EXPORTS:
        raise ConfigError(f"There is no form of export {nearest(name, EXPORTS)}")
    return EXPORTS[name]
