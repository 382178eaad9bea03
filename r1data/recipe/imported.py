"""The recipe and the teacher of an import, as TOML that people read, keep and edit.

    recipe = imported_recipe(source, replay, night=date(2026, 1, 1), rollouts_per_prompt=4)
    write_import(folder, recipe, teacher_text(recipe, model="deepseek-r1", terms="MIT"))

`load_recipe(folder / RECIPE)` then gives the recipe back.
"""

import json
from collections.abc import Mapping
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

from r1data import ids
from r1data.errors import ConfigError
from r1data.recipe.generate import Generate, ReplaySettings
from r1data.recipe.night import Checks, PromptSource, Recipe

RECIPE, TEACHER = "recipe.toml", "teacher.toml"
"""Names of the two files in the folder of an import."""

SHOWN = {"name", "source", "path", "columns", "domain", "language", "verifier"}
"""What of a prompt source is written also where it is the default."""


def imported_recipe(
    source: PromptSource, replay: ReplaySettings, *, night: date, rollouts_per_prompt: int
) -> Recipe:
    """A night's recipe whose prompts and rollouts are those of a file.

    Args:
        source: where prompts and references are; its name becomes that of the recipe.
        replay: where the completions are, with their `digest`.
        night: the night that they belong to.
        rollouts_per_prompt: completions of one prompt, at most.
    """
    generate = Generate(
        teacher=TEACHER, engine="replay", rollouts_per_prompt=rollouts_per_prompt, replay=replay
    )
    checks = Checks(min_accepted=0)  # what cannot be judged yet is stored all the same
    return Recipe(name=source.name, start=night, prompts=(source,), generate=generate, checks=checks)


def recipe_text(recipe: Recipe) -> str:
    """The TOML of an imported recipe."""
    replay = recipe.generate.replay.model_dump(exclude_defaults=True)
    generate = recipe.generate.model_dump(exclude_defaults=True, exclude={"replay"})
    source = recipe.prompts[0].model_dump(exclude_none=True, include=SHOWN)
    source |= recipe.prompts[0].model_dump(exclude_defaults=True)
    parts = [
        "# Made by `r1data import`: completions of a file, stored, verified and selected like any rollout.",
        f"# `r1data run --recipe THIS_FILE --night {recipe.start}` does it again, after an edit too.",
        _lines({"name": recipe.name}) + f"\nstart = {recipe.start}\n",
        "[[prompts]]\n" + _lines(source) + "\n",
        "[generate]\n" + _lines(generate) + "\n",
        "[generate.replay]\n" + _lines(replay) + "\n",
        "[checks]\n" + _lines(recipe.checks.model_dump(exclude_defaults=True)) + "\n",
    ]
    return "\n".join(parts)


def teacher_text(recipe: Recipe, *, model: str, terms: str | None) -> str:
    """The TOML of who wrote the completions.

    Its revision stands for the content of the file and how it is read: other completions are another
    teacher's, so that attempt 0 of one file is never taken for attempt 0 of another.
    """
    replay = recipe.generate.replay
    revision = ids.digest(replay.digest, replay.columns, replay.reasoning_kind)
    teacher = {"name": recipe.name, "model": f"replay:{model}", "revision": revision}
    return "\n".join(
        [
            "# Who wrote the completions. `revision` stands for the file and how its columns are read.",
            "# How they were drawn is not known, so [sampling] is not to be trusted.",
            _lines(teacher | ({"terms": terms} if terms else {})),
            "",
        ]
    )


def write_import(folder: Path, recipe: Recipe, teacher: str) -> Path:
    """Write both files, once, and return the path of the recipe.

    Raises:
        ConfigError: the folder holds another import; names the first line that differs.
    """
    for name, text in ((RECIPE, recipe_text(recipe)), (TEACHER, teacher)):
        path = folder / name
        if path.is_file():
            _compare(path, text)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((TEACHER, teacher), (RECIPE, recipe_text(recipe))):
        (folder / name).write_text(text, encoding="utf-8")
    return folder / RECIPE


def _compare(path: Path, text: str) -> None:
    there = path.read_text(encoding="utf-8")
    for old, new in zip_longest(there.splitlines(), text.splitlines(), fillvalue=""):
        if old != new:
            raise ConfigError(
                f"{path} says `{old}`, this import would say `{new}`. Choose another --name; "
                f"or run that file: `r1data run --recipe {path.parent / RECIPE}`; or remove it."
            )


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {_value(value)}" for key, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    """A basic string of TOML: as in JSON, but for DEL, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
