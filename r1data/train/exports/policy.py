"""What may leave the house: licences, terms of use, personal data.

What this does not protect against: a source that states a licence which it does not have, a mix whose SQL
writes `licence`, `terms`, ids or texts of its own, and personal data that the search does not know
(docs/pii.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import polars as pl
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from r1data.errors import SchemaError
from r1data.recipe import ExportRules
from r1data.train.mix_kinds import SIDES

NOT_STATED = "not stated"
SUBJECTS = {"prompt_id": "prompt"} | dict.fromkeys(SIDES, "trace")
Search = Callable[[pl.LazyFrame], pl.LazyFrame]
"""Texts (subject, subject_id, night, text) → schema PII."""


@dataclass(frozen=True)
class Marks:
    """What is known of personal data."""

    known: pl.DataFrame
    """subject_id, kind: the first kind found in it by the current search; empty where nothing was."""
    edited: frozenset[str]
    """Traces whose text a person changed, so that what is known of them is of another text."""
    search: Search
    """Searches those."""


@dataclass(frozen=True)
class Policy:
    """Which rows of a mix may be exported."""

    rules: ExportRules
    """The recipe's section `[export]`."""
    marks: Marks | None
    """None where personal data may stay."""

    def split(self, batch: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows that may be exported, and those that may not.

        Args:
            batch: rows of a mix.

        Returns:
            Rows of `batch`, and columns id, reason of the others: the first of licence, terms and personal
            data that is against them.
        """
        reasons = [self._stated("licence", batch, self.rules.licences)]
        if "terms" in batch.columns:
            reasons.append(self._stated("terms", batch, self.rules.terms))
        if self.marks:
            reasons.append(_personal(batch, self.marks))
        told = pl.DataFrame({f"{place}": reason for place, reason in enumerate(reasons)})
        marked = batch.with_columns(told.select(reason=pl.coalesce(pl.all())).to_series())
        dropped = marked.filter(pl.col("reason").is_not_null())
        key = next(name for name in ("rollout_id", "chosen_id", "prompt_id") if name in batch.columns)
        return marked.filter(pl.col("reason").is_null()).drop("reason"), dropped.select(
            id=key, reason="reason"
        )

    def _stated(self, column: str, batch: pl.DataFrame, patterns: tuple[str, ...]) -> pl.Series:
        """`licence:<id>` or `terms:<text>` of rows that no pattern allows, null of the others."""
        stated = batch[column].str.strip_chars().replace("", None).fill_null(NOT_STATED)
        refused = [one for one in stated.unique() if not allows(patterns, one)]
        return batch.select(
            pl.when(stated.is_in(refused)).then(pl.lit(f"{column}:") + stated).otherwise(None)
        ).to_series()


@lru_cache(maxsize=4096)
def allows(patterns: tuple[str, ...], stated: str) -> bool:
    """Whether patterns allow what a source states.

    `*` stands for whatever is stated; that nothing is stated only `not stated` allows. Of an SPDX expression,
    either side of OR and both sides of AND must be allowed, each by a pattern of its own; one with brackets
    only as it stands.

    >>> allows(("MIT", "CC-BY-[1-4].?"), "mit or GPL-3.0-only"), allows(("CC-BY-[1-4].?",), "CC-BY-NC-4.0")
    (True, False)
    """
    if stated == NOT_STATED:
        return NOT_STATED in patterns
    try:
        text = str(canonicalize_license_expression(stated))
    except InvalidLicenseExpression:
        text = stated
    if "*" in patterns or text.lower() in {pattern.lower() for pattern in patterns}:
        return True
    if "(" in text:
        return False
    return any(
        all(_matches(patterns, part.strip()) for part in choice.split(" AND "))
        for choice in text.split(" OR ")
    )


def _matches(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)


def _personal(batch: pl.DataFrame, marks: Marks) -> pl.Series:
    """`pii:<kind>` of rows whose prompt or trace holds personal data, `pii:unmeasured` of those that were not
    searched.
    """
    columns = [name for name in SUBJECTS if name in batch.columns]
    if not columns:
        raise SchemaError(
            "The mix names neither prompt_id nor rollout_id, so it cannot be said what is in it."
        )
    searched = _searched(batch, marks)
    kinds = []
    for name in columns:
        # What was searched here comes first: what is known of an edited trace is of its old text.
        ids = batch.select(subject_id=name)
        found = ids.join(searched, on="subject_id", how="left", maintain_order="left")["kind"]
        known = ids.join(marks.known, on="subject_id", how="left", maintain_order="left")["kind"]
        edited = ids["subject_id"].is_in(list(marks.edited)) & (SUBJECTS[name] == "trace")
        kinds.append(
            pl.select(pl.when(edited).then(found).otherwise(known).fill_null("unmeasured")).to_series()
        )
    told = pl.DataFrame({f"{place}": kind for place, kind in enumerate(kinds)})
    first = told.select(pl.coalesce(pl.when(pl.col(name) != "").then(name) for name in told.columns))
    return first.select(pl.lit("pii:") + pl.first()).to_series()


def _searched(batch: pl.DataFrame, marks: Marks) -> pl.DataFrame:
    """subject_id and kind of the edited traces of a batch."""
    parts = []
    for name, which in SIDES.items():
        if name in batch.columns:
            edited = batch.filter(pl.col(name).is_in(list(marks.edited)))
            texts = pl.concat_str(f"{which}reasoning", f"{which}answer", separator="\n", ignore_nulls=True)
            parts.append(
                edited.select(
                    subject=pl.lit("trace"), subject_id=pl.col(name), night=_night(batch), text=texts
                )
            )
    subjects = pl.concat(parts) if parts else pl.DataFrame()
    if subjects.is_empty():
        return pl.DataFrame(schema={"subject_id": pl.String, "kind": pl.String})
    return kinds_of(marks.search(subjects.unique("subject_id").lazy())).collect()


def _night(batch: pl.DataFrame) -> pl.Expr:
    return pl.col("night") if "night" in batch.columns else pl.lit(None, pl.String)


def kinds_of(facts: pl.LazyFrame) -> pl.LazyFrame:
    """subject_id and kind of rows of schema PII: the first kind by name; empty where there is none."""
    kinds = pl.col("marks").list.eval(pl.element().struct.field("kind")).list.sort().list.first()
    return facts.select("subject_id", kind=kinds.fill_null("")).unique("subject_id")
