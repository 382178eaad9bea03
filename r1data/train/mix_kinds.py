"""What a mix returns: traces for SFT, prompts for GRPO, or pairs for DPO, told by the columns it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from r1data.errors import SchemaError
from r1data.lake.catalog import sql_type
from r1data.schema.table import MESSAGES, Dtype
from r1data.text import nearest


@dataclass(frozen=True)
class Kind:
    """A form that a mix's rows may have."""

    name: str
    key: str
    """The column that names a row and is in no other kind's mix."""
    columns: Mapping[str, Dtype]
    """What an export gets, in this order; further columns of a mix are left out."""
    optional: frozenset[str]
    """Columns that are null when a mix lacks them."""
    texts: frozenset[str]
    """Columns that are long."""

    @property
    def narrow(self) -> list[str]:
        """The columns that are short: what a preview reads."""
        return [name for name in self.columns if name not in self.texts]


SIDES = {"rollout_id": "", "chosen_id": "chosen_", "rejected_id": "rejected_"}
"""Columns that name a trace, and how the columns of its texts begin; a pair has two of them."""
_TEXT, _NUMBER, _COUNT = pl.String(), pl.Float64(), pl.Int64()
_PROMPT: dict[str, Dtype] = {"prompt_id": _TEXT, "night": _TEXT, "messages": MESSAGES.dtype}
_FROM: dict[str, Dtype] = dict.fromkeys(("domain", "family", "language", "source", "licence"), _TEXT)

TRACES = Kind(
    "traces",
    "rollout_id",
    {"rollout_id": _TEXT}
    | _PROMPT
    | {"reasoning": _TEXT, "answer": _TEXT, "completion_tokens": _COUNT, "student_tokens": _COUNT}
    | _FROM
    | {"terms": _TEXT, "reward": _NUMBER, "pass_rate": _NUMBER},
    frozenset(("student_tokens", "family", "language", "reward", "pass_rate")),
    frozenset(("messages", "reasoning", "answer")),
)
PROMPTS = Kind(
    "prompts",
    "prompt_id",
    _PROMPT
    | _FROM
    | {"verifier": _TEXT, "reference": _TEXT, "verifier_args": _TEXT, "pass_rate": _NUMBER, "teacher": _TEXT},
    frozenset(("family", "language", "pass_rate", "teacher")),
    frozenset(("messages", "reference", "verifier_args")),
)
PAIRS = Kind(
    "pairs",
    "chosen_id",
    _PROMPT
    | dict.fromkeys(("chosen_id", "chosen_reasoning", "chosen_answer"), _TEXT)
    | dict.fromkeys(("rejected_id", "rejected_reasoning", "rejected_answer"), _TEXT)
    | {name: dtype for name, dtype in _FROM.items() if name != "family"}
    | {"terms": _TEXT, "length_ratio": _NUMBER},
    frozenset(("language", "length_ratio")),
    frozenset(("messages", "chosen_reasoning", "chosen_answer", "rejected_reasoning", "rejected_answer")),
)


def kind_of(columns: Sequence[str]) -> Kind:
    """The kind of rows that a mix with these columns returns.

    Raises:
        SchemaError: it lacks a column; names those that are missing, and the nearest of those it has.
    """
    kind = next((one for one in (TRACES, PAIRS) if one.key in columns), PROMPTS)
    lent = kind.texts if lends(kind, columns) else frozenset()
    given = {*columns, *kind.optional, *lent}
    missing = [name for name in kind.columns if name not in given]
    if missing and kind is PROMPTS:
        raise SchemaError(
            f"it returns neither rollout_id (traces) nor chosen_id (pairs), and of what prompts for GRPO "
            f"need it lacks {', '.join(missing)}; it returns {', '.join(columns)}. Name them in its SQL."
        )
    if missing:
        raise SchemaError(
            f"its {kind.name} lack {', '.join(missing)}. It returns no {nearest(missing[0], columns)} Name "
            "them in its SQL."
        )
    return kind


def lends(kind: Kind, columns: Sequence[str]) -> bool:
    """Whether the texts of a mix with these columns are those of view `trace_texts`: it has traces or pairs,
    and returns none itself.
    """
    return kind is not PROMPTS and not kind.texts & set(columns)


def projection(kind: Kind, columns: Sequence[str], wanted: Sequence[str]) -> str:
    """What stands between `select` and `from` for these columns of a mix, of the kind's types; what it lacks
    is null.
    """
    names = {name: f'"{name}"' if name in columns else "null" for name in wanted}
    return ", ".join(
        f'cast({told} as {sql_type(kind.columns[name])}) as "{name}"' for name, told in names.items()
    )
