"""Prompt sources: (section of the recipe, night) -> questions. To add one, write a file and name it below."""

from collections.abc import Iterable
from datetime import date
from functools import partial

import polars as pl

from r1data.errors import ConfigError
from r1data.prompts.files import files
from r1data.prompts.hub import hub
from r1data.prompts.inbox import inbox
from r1data.prompts.perturbed import perturbed
from r1data.prompts.question import QUESTIONS, Question, Source, frame
from r1data.prompts.reasoning_gym import reasoning_gym
from r1data.prompts.templates import templates
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.text import nearest

SOURCES: dict[str, Source] = {
    "templates": templates,
    "reasoning_gym": reasoning_gym,
    "files": files,
    "hub": hub,
    "inbox": inbox,
    "perturbed": perturbed,
}
"""Prompt sources by name."""


def questions(
    sections: Iterable[PromptSource | BenchmarkSource],
    *,
    night: date | None,
    start: date,
    arrived: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Everything that these sections of a recipe give for `night`, or, when it is None, their held-out items.

    `arrived` has the rows of table `inbox` of the night; without them, inboxes are empty.

    Returns:
        Rows of `QUESTIONS`, in order, copies included; `source` is the section's name.

    Raises:
        ConfigError: a section asks for what its source does not have.
        InputError: a file or row cannot be used.
    """
    frames = [pl.DataFrame(schema=QUESTIONS)]
    for section in sections:
        if section.source not in SOURCES:
            raise ConfigError(
                f"`source` of `{section.name}`: no prompt source {nearest(section.source, SOURCES)}"
            )
        source = SOURCES[section.source]
        if source is inbox:
            source = partial(inbox, arrived=arrived)
        frames.append(frame(source(section, night=night, start=start), section.name))
    return pl.concat(frames)


__all__ = ["QUESTIONS", "SOURCES", "Question", "Source", "frame", "questions"]
