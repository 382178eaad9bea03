"""Rubrics: what a judge is asked, one Markdown file each.

    +++
    kind = "words"
    needs_reference = true

    [words]
    SAME = "right"
    DIFFERENT = "wrong"
    UNSURE = "unknown"
    +++
    Two people were given the same task. Do they arrive at the same answer?

    {task}
    {first}
    {second}

Between the `+++` lines stands TOML, after them the prompt. A placeholder becomes a text between delimiters:
`{task}`, `{answer}`, `{reference}`, `{criteria}`; or `{first}` and `{second}`, which are the reference and
the answer (or two answers) and change places from one vote to the next. What is to be replied, and that the
texts are data, is added to every prompt (`template.py`), so a rubric need not say it. What a rubric explains
stands before the texts, since engines keep the beginning that prompts share.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from r1data import ids
from r1data.errors import ConfigError
from r1data.recipe import Judge
from r1data.recipe.load import first_problem
from r1data.recipe.section import Section
from r1data.text import nearest
from r1data.verify.verdict import Word

FOLDER = Path(__file__).parent / "rubrics"
RUBRICS = tuple(sorted(file.stem for file in FOLDER.glob("*.md")))
"""Names of the rubrics that come with r1data."""
PROTOCOL = 1
"""Version of how questions are asked and replies read; part of every rubric's version."""
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
PLACEHOLDERS = ("task", "answer", "reference", "criteria", "first", "second")
_FRONT = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)\r?\n\+\+\+[ \t]*(?:\r?\n|$)(.*)", re.DOTALL)
_NAME = re.compile(r"[a-z0-9_-]+")


class Front(Section):
    """What stands between the `+++` lines of a rubric."""

    kind: Literal["words", "criteria"]
    """`words`: the judge writes one of them; `criteria`: it says of each whether it is met."""
    looks_at: Literal["answer", "completion"] = "answer"
    """What is judged: the final answer, or the thought too."""
    needs_reference: bool = False
    """Without it, `{reference}` may be used, and says so where there is none."""
    compares: bool = False
    """Whether it says which of two answers is better, `right` being the first."""
    words: dict[str, Word] = Field(default_factory=dict)
    """What each word means. Their first letters differ, so that the first token tells them apart."""
    criteria: tuple[str, ...] = ()
    """Criteria of tasks that have none of their own."""
    required: tuple[int, ...] = ()
    """Numbers, from 1, of those criteria that must be met whatever the others are."""
    min_met: float = Field(default=1.0, gt=0, le=1)
    """Share of the criteria that must be met."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "words":
            self._check_words()
        elif self.words or self.compares:
            raise _problem('kind = "criteria" takes neither `words` nor `compares`; leave them out')
        if self.kind == "words" and (self.criteria or self.required):
            raise _problem('`criteria` and `required` belong to kind = "criteria"; leave them out')
        if wrong := [number for number in self.required if not 1 <= number <= len(self.criteria)]:
            raise _problem(f"`required` names criterion {wrong[0]}; there are {len(self.criteria)}")
        return self

    def _check_words(self) -> None:
        if not {"right", "wrong"} <= set(self.words.values()):
            raise _problem("`words` needs one that means right and one that means wrong")
        if odd := [word for word in self.words if not word.isalpha()]:
            raise _problem(f"`words`: {odd[0]!r} is not made of letters alone")
        if len({word[0].casefold() for word in self.words}) < len(self.words):
            raise _problem("`words` must begin with different letters")


@dataclass(frozen=True)
class Rubric:
    """What a judge is asked, and what its words mean."""

    name: str
    kind: Literal["words", "criteria"]
    looks_at: Literal["answer", "completion"]
    needs_reference: bool
    compares: bool
    """Two answers: `right` says that the first one is better."""
    words: dict[str, Word]
    """What each word means; empty for criteria."""
    criteria: tuple[str, ...]
    """`Question.criteria` replace them."""
    required: tuple[int, ...]
    """Numbers, from 1, of own criteria that must be met."""
    min_met: float
    """Share of the criteria that must be met."""
    template: str
    digest: str
    """Content address of all of it but the name."""


def load_rubric(name: str, folder: Path | None = None) -> Rubric:
    """Read a rubric.

    Args:
        name: one of RUBRICS, or a path that ends in `.md`.
        folder: where such a path starts; the working folder without it.

    Raises:
        ConfigError: there is no such rubric, or something in it is wrong; names the file and the key.
    """
    if name.endswith(".md"):
        path = (folder or Path()) / name
    elif name in RUBRICS:
        path = FOLDER / f"{name}.md"
    else:
        raise ConfigError(
            f"There is no rubric {nearest(name, RUBRICS)} One of your own is a path to its .md."
        )
    return _rubric(path, _text(path))


def rubric_version(rubric: Rubric, settings: Judge) -> str:
    """Content address of all that decides a verdict, the model aside."""
    return ids.digest(PROTOCOL, rubric.digest, settings.identity())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no rubric {path}. Write it, or name one of {', '.join(RUBRICS)}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. A rubric is UTF-8 text.") from error


def _rubric(path: Path, text: str) -> Rubric:
    if not _NAME.fullmatch(path.stem):
        raise ConfigError(f"{path}: a rubric is named by lower-case letters, digits, `_` and `-`. Rename it.")
    found = _FRONT.match(text.lstrip())
    if found is None:
        raise ConfigError(f"{path} does not begin with TOML between two lines of `+++`. See {FOLDER}.")
    try:
        front = Front.model_validate(tomllib.loads(found[1].replace("\r\n", "\n")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: what stands between the `+++` lines is not TOML: {error}.") from error
    except ValidationError as error:
        raise ConfigError(first_problem(error, Front, path)) from error
    template = found[2].replace("\r\n", "\n").strip()
    if problem := _misplaced(front, set(PLACEHOLDER.findall(template))):
        raise ConfigError(f"{path}, in the prompt: {problem}")
    fields = front.model_dump()
    digest = ids.digest(front.model_dump(mode="json"), template)
    return Rubric(name=path.stem, template=template, digest=digest, **fields)


def _misplaced(front: Front, used: set[str]) -> str | None:
    """What is wrong with the placeholders that a prompt uses."""
    for name in sorted(used):
        if name not in PLACEHOLDERS:
            return f"unknown placeholder {nearest(name, PLACEHOLDERS)}"
    pair = {"first", "second"}
    needed = {"criteria"} if front.kind == "criteria" else set()
    if front.compares or used & pair:
        needed |= pair
    else:
        needed |= {"answer"} | ({"reference"} if front.needs_reference else set())
    if missing := sorted(needed - used):
        return f"it lacks {{{missing[0]}}}, so the judge would not see that. Write it where it belongs."
    if used & pair and used & {"answer", "reference"}:
        return "{first} and {second} are what {answer} and {reference} are. Use the one pair or the other."
    if used & pair and not (front.compares or front.needs_reference):
        return "{first} and {second} need something to compare with: set `needs_reference` or `compares`."
    if "criteria" in used and front.kind == "words":
        return '{criteria} belongs to kind = "criteria". Leave it out.'
    return None


def _problem(says: str) -> PydanticCustomError:
    return PydanticCustomError("rubric", "{says}", {"says": says})
