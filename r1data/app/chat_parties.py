"""Who can be asked in the chat: students, teachers of the recipes, and any OpenAI-compatible server.

    student:loop-sft · teacher:smollm2 · http://127.0.0.1:8000/v1 · http://127.0.0.1:8000/v1 NAME

A key is sent to one address alone: R1DATA_CHAT_KEY to R1DATA_CHAT_URL, both of the environment. So no link
that names another server gets it.
"""

import os
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import polars as pl

from r1data import paths
from r1data.errors import ConfigError
from r1data.generate.engines.address import checked_url, key_of
from r1data.generate.models import CURRENT, ELSEWHERE, STUDENT
from r1data.lake import Lake
from r1data.recipe import Teacher, load_recipe, load_teacher

TEACHER = "teacher:"
KEY, ADDRESS = "R1DATA_CHAT_KEY", "R1DATA_CHAT_URL"
_API = "api:"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHATS = ("sft", "grpo")
"""Trainers whose students write texts."""


@dataclass(frozen=True)
class Party:
    """A model to ask, and how."""

    word: str
    """As it was chosen."""
    teacher: Teacher
    """Asked zero-shot."""
    note: str
    """How it is asked, for the page."""
    url: str | None = None
    """Its server, up to and with `/v1`; None for a model whose server is started here."""
    model: str | None = None
    """What that server calls it; None for the first that it names."""
    key: str | None = None

    def named(self, model: str) -> "Party":
        """The same with the model that its server names."""
        named = self.teacher.model_copy(update={"name": _word(model), "model": _API + model})
        return replace(self, model=model, teacher=named)

    def at(self, temperature: float, top_p: float) -> "Teacher":
        """Who is asked at a temperature and a nucleus; the rest of its sampling is its own."""
        drawn = self.teacher.sampling.model_copy(update={"temperature": temperature, "top_p": top_p})
        return self.teacher.model_copy(update={"sampling": drawn})


def choices(lake: Lake) -> list[str]:
    """What can be chosen, students first; of each student only the newest."""
    rows = lake.scan("students").filter(pl.col("trainer").is_in(_CHATS)).collect()
    here = paths.students() / CURRENT
    newest = rows.sort("trained_at", descending=True)["student"].unique(maintain_order=True)
    students = [f"{STUDENT}{name}" for name in newest if (here / name).is_dir()]
    folder = paths.PROJECT / "recipes" / "teachers"
    teachers = [f"{TEACHER}{name}" for name in sorted(file.stem for file in folder.glob("*.toml"))]
    address = os.environ.get(ADDRESS)
    return students + [word for word in teachers if _writes(word)] + ([address] if address else [])


def defaults(words: list[str]) -> tuple[str | None, str | None]:
    """Who is asked first: the newest student beside the teacher of the recipe."""
    try:
        mine = TEACHER + load_recipe().generate.teacher
    except ConfigError:
        mine = ""
    teachers = [word for word in words if word == mine] + [word for word in words if word.startswith(TEACHER)]
    right = next(iter(teachers), None)
    return next(iter(words), right), right


def may_be_linked(word: str, words: list[str]) -> bool:
    """Whether a link may choose it: what is in the list, or a server of this machine."""
    try:
        return word in words or urlsplit(word.split(" ")[0]).hostname in _LOOPBACK
    except ValueError:  # such as http://[
        return False


def party(word: str) -> Party:
    """Who is meant by a word.

    Raises:
        ConfigError: nobody; says what can be written.
    """
    word = word.strip()
    if word.startswith(STUDENT):
        name = word.removeprefix(STUDENT)
        return Party(word, Teacher(name=_word(name), model=word), "zero-shot")
    if word.startswith(TEACHER):
        return _teacher(word)
    if word.startswith(("http://", "https://")):
        address, _, model = word.partition(" ")
        url = checked_url(address, "chat")
        key = key_of(KEY, "chat") if os.environ.get(KEY) and url == _own_address() else None
        found = Party(word, Teacher(name="api", model=f"{_API}unknown"), "zero-shot", url, None, key)
        return found.named(model.strip()) if model.strip() else found
    raise ConfigError(
        f"`{word[:80]}` is nobody to ask. Choose a student or a teacher, or type the address of a server "
        "such as http://127.0.0.1:8000/v1, with a blank and the model's name if it has several."
    )


def _teacher(word: str) -> Party:
    whole = load_teacher(word.removeprefix(TEACHER))
    bare = whole.model_copy(update={"few_shots": (), "few_shots_file": None})
    told = {
        "zero-shot": not whole.few_shots,
        f"zero-shot: its {len(whole.few_shots)} few-shots are left out": bool(whole.few_shots),
        "its system prompt": whole.system_prompt is not None,
        f"prefill {(whole.prefill or '').strip()!r}": whole.prefill is not None,
        f"thinking {'on' if whole.thinking else 'off'}": whole.thinking is not None,
        "the server's chat template in place of its own": whole.chat_template is not None,
    }
    found = Party(word, bare, " · ".join(text for text, holds in told.items() if holds))
    if not whole.model.startswith(ELSEWHERE):
        return found
    if not whole.model.startswith(_API):
        raise ConfigError(f"Teacher {whole.name} ({whole.model}) is no model that could chat.")
    generate = load_recipe().generate
    if generate.teacher != whole.name or not generate.openai.endpoints:
        raise ConfigError(
            f"Teacher {whole.name} is asked over an API, and the recipe names no server of it. Set "
            "R1DATA_RECIPE to the recipe that does, or type the address."
        )
    endpoint = generate.openai.endpoints[0]
    url, key = checked_url(endpoint.url, "generate.openai"), key_of(endpoint.api_key_env, "generate.openai")
    return replace(found, url=url, model=whole.model.removeprefix(_API), key=key)


def _writes(word: str) -> bool:
    try:
        model = load_teacher(word.removeprefix(TEACHER)).model
    except ConfigError:
        return True  # what is wrong with its file is told when it is chosen
    return model.startswith(_API) or not model.startswith(ELSEWHERE)


def _own_address() -> str:
    return os.environ.get(ADDRESS, "").strip().rstrip("/")


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()) or "model"
