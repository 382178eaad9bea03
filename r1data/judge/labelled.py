"""Rows with known verdicts, which a judge is measured on.

    [[judge.calibration]]
    name = "llmbar"
    path = "llmbar.parquet"
    columns = { question = "input", answer = "output_1", other = "output_2", verdict = "label" }
    right = ["1"]
    wrong = ["2"]
    rubric = "pairwise"

`files` are read as those of prompt sources are. `templates` computes tasks, and answers to them that say the
same as the reference or something else, in the same words, so that form tells nothing.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

import orjson

from r1data import ids
from r1data.curate.decontaminate.formats import in_words
from r1data.errors import ConfigError, InputError
from r1data.judge.question import Question
from r1data.judge.rubric import Rubric
from r1data.prompts.mapped import as_text
from r1data.prompts.records import check_columns, files_in, records
from r1data.prompts.remote import local
from r1data.prompts.templates import FAMILIES, WORDS, templates
from r1data.recipe import CalibrationSource, PromptSource
from r1data.recipe.judge import JudgedDomain
from r1data.text import nearest, numbers, prompt_text, split, words

OURS = ("question", "answer", "other", "reference", "criteria", "verdict", "domain")
"""What a column of a file can be mapped to."""
SENTENCES = (
    "The answer is {other}.",
    "**{same}**",
    "\\boxed{{{same}}}",
    "It comes to {other}, I am sure.",
    "Let me see … yes: {same}!",
    "Answer: {other}",
)
"""How computed answers are put, right and wrong ones alike; `other` is another spelling."""

Label = Literal["right", "wrong"]
LABELS: tuple[Label, Label] = get_args(Label)


@dataclass(frozen=True)
class Row:
    """A question whose verdict is known."""

    question: Question
    """Its id is the content address of what is asked, whatever the verdict."""
    label: Label
    """Of two answers, right says that the first is better; of an attack, what it must not turn."""
    source: str
    """Name of the section in the recipe."""
    domain: str | None = None
    """None counts for every domain without rows of its own."""
    attack: str | None = None
    """Name of the attack in it."""
    base: str | None = None
    """Id of the labelled row that an attack stands in, where that row may be judged wrongly without it."""

    @property
    def row_id(self) -> str:
        """Content address of what is asked."""
        return self.question.question_id


def asked(
    task: str,
    answer: str,
    *,
    reference: str | None = None,
    other: str | None = None,
    criteria: tuple[str, ...] = (),
) -> Question:
    """A question that is named by its content."""
    name = ids.digest(task, answer, reference, other, criteria)
    return Question(name, task, answer, reference, other, criteria)


def labelled(config: CalibrationSource, rubric: Rubric) -> list[Row]:
    """The rows of a section: those with the least ids, so that a draw stays much as it is while a file grows.

    Rows of the same content are one; where their verdicts differ, it is not known, and they are left out.
    So are rows whose verdict is in neither list, and those with an answer that no judge would be asked about,
    for it has no letter or digit; of a thought that was never closed there is no answer.

    Raises:
        ConfigError: the section lacks what the rubric needs, or names a column that a file lacks.
        InputError: a file or row cannot be used, or no row can; names the file and the row.
        OfflineError: the files are elsewhere, and nothing answers.
    """
    return SOURCES[config.source](config, rubric)


def _from_files(config: CalibrationSource, rubric: Rubric) -> list[Row]:
    mapped = _columns(config, rubric)
    with local(config.path, owner=config.name) as path:
        paths = files_in(path, owner=config.name)
        check_columns(paths, mapped, owner=config.name)
        labels: dict[str, Label | None] = {}
        for row in _rows(config, rubric, paths):
            if labels.setdefault(row.row_id, row.label) != row.label:
                labels[row.row_id] = None
        wanted = _drawn(labels, config.n)
        if not wanted:
            raise InputError(
                f"{path}: no row of `{config.name}` has an answer and a verdict of {', '.join(config.right)} "
                f"(right) or {', '.join(config.wrong)} (wrong). Give them in `right` and `wrong`."
            )
        found = {row.row_id: row for row in _rows(config, rubric, paths) if row.row_id in wanted}
    return [found[row_id] for row_id in sorted(found)]


def _drawn(labels: Mapping[str, Label | None], n: int) -> set[str]:
    """The ids of `n` rows, the least ones of either verdict, as evenly as there are any."""
    right, wrong = (sorted(row_id for row_id, said in labels.items() if said == label) for label in LABELS)
    n_right = min(len(right), max(n // 2, n - len(wrong)))
    return {*right[:n_right], *wrong[: n - n_right]}


def _columns(config: CalibrationSource, rubric: Rubric) -> dict[str, str]:
    """Columns that the files must have, by what they are for us.

    Raises:
        ConfigError: the section maps what we do not have, or one value to both verdicts.
    """
    for name in config.columns:
        if name not in OURS:
            raise ConfigError(f"`columns` of `{config.name}`: we have no {nearest(name, OURS)}")
    if both := {value.lower() for value in config.right} & {value.lower() for value in config.wrong}:
        raise ConfigError(f"`{config.name}`: {sorted(both)[0]!r} is in both `right` and `wrong`.")
    needed = {"answer", "verdict"} | ({"other"} if rubric.compares else set())
    needed |= {"reference"} if rubric.needs_reference else set()
    needed |= set() if config.question_columns else {"question"}
    mapped = {ours: config.columns.get(ours, ours) for ours in sorted(needed | set(config.columns))}
    return mapped | {f"question ({name})": name for name in config.question_columns}


def _rows(config: CalibrationSource, rubric: Rubric, paths: list[Path]) -> Iterator[Row]:
    """The usable rows of all files, in order."""
    columns = [*(config.columns.get(ours, ours) for ours in OURS), *config.question_columns]
    for path in paths:
        for place, record in records(path, columns):
            row = _row(config, rubric, record, f"{path}, {place}")
            if row is not None:
                yield row


def _row(config: CalibrationSource, rubric: Rubric, record: dict[str, Any], where: str) -> Row | None:
    """The row of a record; None where it says nothing of a judge."""

    def cell(ours: str) -> Any:
        return record.get(config.columns.get(ours, ours))

    def problem(ours: str, what: str) -> InputError:
        return InputError(f"{where}: `{config.columns.get(ours, ours)}` (our `{ours}`) {what}.")

    label = _label(cell("verdict"), config)
    answer = judged_text(cell("answer"), rubric)
    other = judged_text(cell("other"), rubric) if rubric.compares else None
    if label is None or not all(_says_something(text) for text in (answer, other) if text is not None):
        return None
    parts = [record.get(name) for name in config.question_columns] or [cell("question")]
    task = "\n\n".join(text for text in map(as_text, parts) if text)
    if not task:
        raise problem("question", "is empty")
    uses_reference = rubric.needs_reference or "{reference}" in rubric.template
    reference = as_text(cell("reference")) if uses_reference else None
    if rubric.needs_reference and not reference:
        raise problem("reference", "is empty")
    criteria = as_list(cell("criteria") or []) if rubric.kind == "criteria" else []
    if criteria is None or not all(isinstance(item, str) and item.strip() for item in criteria):
        raise problem("criteria", "is not a list of texts, as JSON or as Python writes it")
    domain = as_text(cell("domain")) or config.domain
    if domain not in (None, *get_args(JudgedDomain)):
        raise problem("domain", f"is none of {', '.join(get_args(JudgedDomain))}")
    question = asked(task, answer, reference=reference, other=other, criteria=tuple(criteria))
    return Row(question, label, config.name, domain)


def _label(cell: Any, config: CalibrationSource) -> Label | None:
    """What a cell says; a list, such as which criteria are met, says it if all of its items do."""
    items = as_list(cell)
    said = {_word(item) for item in ([cell] if items is None else items)}
    for label, known in (("right", config.right), ("wrong", config.wrong)):
        if said and said <= {value.strip().lower() for value in known}:
            return label
    return None


def _word(value: Any) -> str:
    """A verdict as a recipe writes it: `true`, `1` for 1.0, and text in lower case."""
    whole = isinstance(value, float) and value.is_integer()
    return (as_text(int(value) if whole else value) or "").lower()


def judged_text(cell: Any, rubric: Rubric) -> str:
    """What a rubric looks at of a cell: all of it, or what follows a thought; empty where that never ends."""
    text = str(cell) if cell is not None else ""
    return text if rubric.looks_at == "completion" else split(text)[1] or ""


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)


def as_list(cell: Any) -> list[Any] | None:
    """The list in a cell, which may be written as JSON or as a Python literal; None when it holds none."""
    if not isinstance(cell, str):
        return cell if isinstance(cell, list) else None
    if not cell.strip().startswith("["):
        return None
    for read in (orjson.loads, ast.literal_eval):
        try:
            found = read(cell.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list) else None
    return None


def _from_templates(config: CalibrationSource, rubric: Rubric) -> list[Row]:
    if not (rubric.needs_reference or rubric.compares):
        raise ConfigError(
            f"`{config.name}`: computed tasks have a reference, which rubric `{rubric.name}` does not look "
            'at. Give labelled rows: source = "files".'
        )
    source = PromptSource(name=config.name, source="templates", n_per_family=ceil(config.n / len(FAMILIES)))
    rows: dict[str, Row] = {}
    for computed in templates(source, night=None, start=date.min):
        task, reference = prompt_text(computed.messages), computed.reference or ""
        draw = Random(computed.prompt_id)
        right, wrong = _put(reference, draw), _put(_another(task, reference, draw), draw)
        for label, answer, other in (("right", right, wrong), ("wrong", wrong, right)):
            question = (
                asked(task, answer, other=other)
                if rubric.compares
                else asked(task, answer, reference=reference)
            )
            rows[question.question_id] = Row(question, label, config.name, config.domain or "math")
    wanted = _drawn({row_id: row.label for row_id, row in rows.items()}, config.n)
    return [rows[row_id] for row_id in sorted(wanted)]


def _put(answer: str, draw: Random) -> str:
    """A number or word in a sentence, perhaps spelled in another way."""
    other = in_words(int(answer)) if answer.isdecimal() else answer.upper()
    return draw.choice(SENTENCES).format(same=answer, other=other)


def _another(task: str, reference: str, draw: Random) -> str:
    """Another answer of the same kind: a number close by or out of the task, or another of its words."""
    if not reference.isdecimal():
        return draw.choice([word for word in words(task) if word in WORDS.split() and word != reference])
    value = int(reference)
    close = {value - 1, value + 1, value + 10, *map(int, numbers(task))}
    return str(draw.choice(sorted(number for number in close if number >= 0 and number != value)))


SOURCES: dict[str, Callable[[CalibrationSource, Rubric], list[Row]]] = {
    "files": _from_files,
    "templates": _from_templates,
}
"""Where labelled rows come from."""
