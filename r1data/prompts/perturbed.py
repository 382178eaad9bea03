"""Existing problems with other numbers, and an answer that is computed: the idea of GSM-Symbolic.

    [[prompts]]
    name = "gsm8k-perturbed"
    source = "perturbed"
    path = "train.jsonl"
    columns = { prompt = "question", reference = "answer", equation = "solution" }
    n_per_night = 200

`equation` is one expression (`( 8.0 - 3.0 )`, as in SVAMP) or a worked solution with calculator annotations
(`<<48/2=24>>`, as in GSM8K). The numbers of the question are bound to the numbers of the computation; then
other numbers are drawn by the night. A row is used only if every number is bound in one clear way; the others
are left out, and counted by reason in the log.

What this does not see: facts that no number of the text states, such as that a team has eleven players.

Source: Mirzadeh et al., 2024, https://arxiv.org/abs/2410.05229.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from r1data.errors import ConfigError
from r1data.prompts.binding import Problem, Unclear, bind
from r1data.prompts.files import numbered
from r1data.prompts.mapped import Config, check_map, question, turn, wanted_columns
from r1data.prompts.question import Question, Use, use
from r1data.prompts.records import check_columns, files_in
from r1data.prompts.remote import local

DRAWS = 400
"""Draws after which a problem counts as one that allows no other numbers."""
log = logging.getLogger("r1data")


def perturbed(config: Config, *, night: date | None, start: date) -> Iterator[Question]:
    """Give `n_per_night` of the usable problems, or all, each with numbers drawn by the night.

    Held-out items (`night` None) have other numbers than any night's.

    Raises:
        ConfigError: no column is mapped to `equation` or `prompt`, or a file lacks it.
        InputError: a file cannot be read, or none of its rows can be used.
        OfflineError: the files are elsewhere, and nothing answers.
    """
    check_map(config)
    if not {"equation", "prompt", "reference"} <= set(config.columns):
        raise ConfigError(f"`columns` of `{config.name}` must map `prompt`, `reference` and `equation`.")
    wanted: Use = "night" if night else "heldout"
    reasons, usable = Counter[str](), list[tuple[Problem, str, str, dict[str, Any]]]()
    with local(config.path, owner=config.name) as path:
        paths = files_in(path, owner=config.name)
        check_columns(paths, wanted_columns(config), owner=config.name)
        first, before = config.rows or (0, None)
        for number, file, place, record in numbered(config, paths):
            if number < first or (before is not None and number >= before):
                continue
            problem = _problem(config, record)
            if isinstance(problem, Problem):
                usable.append((problem, file.name, place, record))
            else:
                reasons[problem] += 1
    chosen = turn(
        config.model_copy(update={"rows": None}),
        len(usable),
        (night - start).days if night else 0,
        where=f"{config.path}, no row whose numbers can be changed ({_told(reasons)})",
    )
    given = []
    for number in sorted(chosen):
        problem, name, place, record = usable[number]
        found = _draw(problem, Random(f"{config.name} {number} {night or 'heldout'}"), wanted)
        if found is None:
            reasons["no_other_numbers"] += 1
            continue
        text, answer = found
        changed = record | {config.columns["prompt"]: text, config.columns["reference"]: answer}
        where = f"{name}, numbers of {night or 'the held-out items'}"
        given.append(question(config, changed, place, where=where, origin=where))
    log.info("%s: %s rows can be used, left out: %s", config.name, f"{len(usable):,}", _told(reasons))
    yield from given


def _problem(config: Config, record: dict[str, Any]) -> Problem | str:
    """The problem of a row, or the reason why it cannot be used."""
    cells = (record.get(config.columns[name]) for name in ("prompt", "reference", "equation"))
    text, reference, equation = cells
    if not isinstance(text, str) or not isinstance(equation, str) or reference is None:
        return "empty"
    try:
        return bind(text, str(reference), equation)
    except Unclear as why:
        return str(why)


def _draw(problem: Problem, draw: Random, wanted: Use) -> tuple[str, str] | None:
    """A text with other numbers and its answer, for the use that is wanted; None if there is none."""
    for _ in range(DRAWS):
        found = problem.with_numbers([number.draw(draw) for number in problem.numbers])
        if found and found[0] != problem.text and use(found[0]) == wanted:
            return found
    return None


def _told(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common()) or "none"
