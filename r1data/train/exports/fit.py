"""Which rows fit into a student's context, and whether its chat template keeps them whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from r1data.errors import GateError
from r1data.generate.models import folder_of
from r1data.recipe import Student
from r1data.train.exports.form import Row, completion
from r1data.train.gate import TooLong, gated, load_tokenizer
from r1data.train.mix_kinds import SIDES
from r1data.train.prompts import asked, tokenizer_of


@dataclass(frozen=True)
class Fit:
    """A student's tokenizer and how much it reads."""

    student: str
    tokenizer: Any
    max_tokens: int
    """Longest trace, prompt included; of GRPO the longest prompt."""

    def too_long(self, rows: Sequence[Row]) -> list[int | None]:
        """Tokens of each row of a mix that does not fit, None of one that does. Of a pair, the longer trace
        counts; of a prompt, the prompt alone.

        Raises:
            GateError: the student's chat template loses part of a trace, or its tokenizer cannot write a
                text; nothing is exported then.
        """
        try:
            return self._too_long(rows)
        except GateError as error:
            raise GateError(f"Nothing was exported for student {self.student}: {error}") from error

    def _too_long(self, rows: Sequence[Row]) -> list[int | None]:
        sides = {name: which for name, which in SIDES.items() if rows and name in rows[0]}
        if not sides:
            lengths = [
                len(asked(row["messages"], self.tokenizer, prompt_id=row["prompt_id"])) for row in rows
            ]
            return [n if n > self.max_tokens else None for n in lengths]
        longest: list[int | None] = [None] * len(rows)
        for name, which in sides.items():
            traces = (_trace(row, name, which) for row in rows)
            for at, found in enumerate(gated(traces, self.tokenizer, max_tokens=self.max_tokens)):
                if isinstance(found, TooLong):
                    longest[at] = max(longest[at] or 0, found.n_tokens)
        return longest


def _trace(row: Row, name: str, which: str) -> Row:
    return {"rollout_id": row[name], "prompt": row["messages"], "completion": [completion(row, which)]}


def fit_of(student: Student) -> Fit:
    """The tokenizer of a student's base, read from its folder.

    Raises:
        ConfigError: there is no such model.
        OfflineError: it must be fetched, and nothing answers.
    """
    folder = folder_of(student.base, student.revision)
    if student.trainer == "grpo":
        tokenizer = tokenizer_of(folder, student.grpo.template)
        return Fit(student.name, tokenizer, student.grpo.max_prompt_tokens)
    return Fit(student.name, load_tokenizer(folder), getattr(student, student.trainer).max_tokens)
