"""Rows of a file of completions that exist already: checked one by one, named by their prompt.

    >>> settings = ReplaySettings(path="traces.parquet", columns={"prompt": "q", "completion": "c"})
    >>> [(row.prompt_id, row.index, row.finish_reason) for row in replay_rows(settings)]

Columns of ours that a file's columns can be mapped to are those of OURS.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r1data import ids
from r1data.errors import ConfigError, InputError
from r1data.generate.engine import FINISH_REASONS
from r1data.prompts.mapped import chat_messages
from r1data.prompts.records import check_columns, files_in, records
from r1data.recipe import ReplaySettings
from r1data.text import CLOSE, OPEN, nearest, thought

OWNER = "generate.replay"
PROMPTS = ("prompt", "messages")
COMPLETIONS = ("completion", "reasoning", "answer", "finish_reason", "prompt_tokens", "completion_tokens")
OURS = (*PROMPTS, *COMPLETIONS)
"""What a column can be mapped to."""

_REASONS = {reason: reason for reason in FINISH_REASONS} | {
    "eos": "stop", "end_turn": "stop", "stop_sequence": "stop", "completed": "stop",
    "max_tokens": "length", "max_output_tokens": "length", "max_length": "length",
    "content_filter": "refusal", "safety": "refusal",
}  # fmt: skip


@dataclass(frozen=True)
class ReplayRow:
    """One completion of the file."""

    prompt_id: str
    index: int
    """Which of the prompt's completions it is, in the order of the file, from 0."""
    completion: str
    """Raw text from the opening of the thought on."""
    finish_reason: str
    """One of FINISH_REASONS."""
    detail: str | None
    """The file's own word for an end other than `stop` or `length`."""
    prompt_tokens: int | None
    completion_tokens: int | None


def check_map(settings: ReplaySettings) -> None:
    """Make sure that the map names a prompt and a completion, and nothing that we do not have.

    Raises:
        ConfigError: it does not.
    """
    columns = settings.columns
    for name in columns:
        if name not in OURS:
            raise ConfigError(f"`columns` of `{OWNER}`: we have no {nearest(name, OURS)}")
    if ("prompt" in columns) == ("messages" in columns):
        raise ConfigError(f"`columns` of `{OWNER}` must map either `prompt` or `messages`.")
    apart = [name for name in ("reasoning", "answer") if name in columns]
    if ("completion" in columns) == bool(apart) or len(apart) == 1:
        raise ConfigError(
            f"`columns` of `{OWNER}` must map either `completion`, or both `reasoning` and `answer`."
        )


def replay_rows(settings: ReplaySettings) -> Iterator[ReplayRow]:
    """Stream every row of the files, in order; memory holds a counter per distinct prompt.

    Raises:
        ConfigError: the map cannot work, or a file lacks a column.
        InputError: a file or row cannot be used; the message names the file and the row.
    """
    check_map(settings)
    files = files_in(settings.path, owner=OWNER)
    check_columns(files, settings.columns, owner=OWNER)
    seen: Counter[bytes] = Counter()
    for path in files:
        for place, record in records(path, list(settings.columns.values())):
            row = _Row(settings, path, place, record)
            prompt_id = row.prompt_id()
            key = bytes.fromhex(prompt_id)
            yield row.read(prompt_id, seen[key])
            seen[key] += 1
    if not seen:
        raise InputError(f"{settings.path}: no rows, so no completions to replay.")


class _Row:
    """A record, read by the map."""

    def __init__(self, settings: ReplaySettings, path: Path, place: str, record: dict[str, Any]) -> None:
        self._settings, self._path, self._place, self._record = settings, path, place, record

    def prompt_id(self) -> str:
        ours = "prompt" if "prompt" in self._settings.columns else "messages"
        messages, problem = chat_messages(self._cell(ours), self._settings.prompt_suffix)
        if problem:
            raise self._problem(ours, problem)
        if messages[-1]["role"] == "assistant":
            raise self._problem(ours, "ends in an assistant's message. Map the prompt alone")
        return ids.prompt_id(messages)

    def read(self, prompt_id: str, index: int) -> ReplayRow:
        text = self._text("completion") if "completion" in self._settings.columns else self._joined()
        reason, detail = self._finish_reason(text)
        prompt_tokens, completion_tokens = self._count("prompt_tokens"), self._count("completion_tokens")
        return ReplayRow(prompt_id, index, opened(text), reason, detail, prompt_tokens, completion_tokens)

    def _cell(self, ours: str) -> Any:
        return self._record.get(self._settings.columns.get(ours, ""))

    def _problem(self, ours: str, what: str) -> InputError:
        theirs = self._settings.columns[ours]
        return InputError(f"{self._path}, {self._place}: `{theirs}` (our `{ours}`) {what}.")

    def _text(self, ours: str, *, may_lack: bool = False) -> str:
        found = self._cell(ours)
        if found is None and may_lack:
            return ""
        if not isinstance(found, str):
            raise self._problem(ours, "is empty" if found is None else "is no text")
        return found

    def _joined(self) -> str:
        """Thought and answer as one text; without an answer, the thought was cut before it closed."""
        reasoning = self._text("reasoning", may_lack=True).strip()
        answer = self._text("answer", may_lack=True).strip()
        if not reasoning and not answer:
            raise self._problem(
                "reasoning", f"and `{self._settings.columns['answer']}` (our `answer`) are empty"
            )
        if not reasoning:
            return answer
        return f"{OPEN}\n{reasoning}\n{CLOSE}\n\n{answer}" if answer else f"{OPEN}\n{reasoning}"

    def _finish_reason(self, text: str) -> tuple[str, str | None]:
        """Our word for how it ended, and theirs where that tells more.

        A file that does not say: a thought that never closes was cut, everything else ended by itself.
        """
        found = self._cell("finish_reason")
        if found is None or found == "":
            return ("length" if thought(text).answer_start is None else "stop"), None
        reason = _REASONS.get(found.lower() if isinstance(found, str) else found)
        if reason is None:
            raise self._problem("finish_reason", f"is `{found}`, which is none of {', '.join(_REASONS)}")
        return reason, None if reason in ("stop", "length") else f"the file says `{found}`"

    def _count(self, ours: str) -> int | None:
        found = self._cell(ours)
        if found is None or found == "":
            return None
        whole = isinstance(found, float) and found.is_integer()
        if isinstance(found, str) and found.isascii() and found.isdigit():
            return int(found)
        if isinstance(found, bool) or not (isinstance(found, int) or whole) or found < 0:
            raise self._problem(ours, f"is `{found}`, which is no count of tokens")
        return int(found)


def opened(text: str) -> str:
    """A completion from the opening of its thought on.

    A closing tag without an opening one means that the opening stood at the end of the rendered prompt, as
    R1's template has it; published traces often lack it.
    """
    end = text.find(CLOSE)
    return text if end < 0 or OPEN in text[:end] else f"{OPEN}\n{text.lstrip()}"
