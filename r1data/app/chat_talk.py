"""A conversation with two models side by side: what was said, and what is being written."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal

from r1data.app.chat_stream import Stream
from r1data.app.servers import Server
from r1data.curate.chat import Asked
from r1data.generate.render import Message

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
FINISHED = ("stop", "length")
"""Finish reasons of replies that a person may thumb."""


@dataclass
class Reply:
    """What one model makes of a message."""

    word: str
    """Who was asked, as it was chosen."""
    note: str = ""
    """How it is asked."""
    began: float = field(default_factory=time.monotonic)
    waiting: str = ""
    """What it waits for; empty once it is asked."""
    asked: Asked | None = None
    stream: Stream | None = None
    done: bool = False
    stopped: bool = False
    """By the person."""
    error: str = ""
    """Why it has no end, in one line."""
    whole: bool = False
    """Whether its texts are shown whole, however long they are."""
    server: Server | None = None
    """One that was started here, which is told of thumbs."""
    engine: str = ""
    """What runs it, for table `rollouts`."""
    thumb: str = ""
    """up, down, or empty."""
    review_id: str | None = None
    """Of the thumb."""

    @property
    def ended(self) -> str | None:
        """The server's word for an end of its own; None where it has none."""
        return self.stream.finish_reason if self.stream and self.done and not self.error else None

    @property
    def may_be_thumbed(self) -> bool:
        """Whether it ended as replies do that are whole, or hit their cap."""
        return self.ended in FINISHED

    @property
    def answer(self) -> str:
        """What follows the thought."""
        return self.stream.told().answer if self.stream else ""


@dataclass
class Turn:
    """A message and the replies to it."""

    message: str
    replies: dict[Side, Reply]


@dataclass
class Talk:
    """The conversation of one window."""

    turns: list[Turn] = field(default_factory=list)
    running: bool = False
    stopping: bool = False
    """Whether the person wants what runs to stop."""
    storing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a thumb is stored: each knows of the one before."""

    def messages(self, turn: Turn, side: Side) -> tuple[Message, ...]:
        """What a model is asked in a turn: the messages so far, and its side's answers to them without their
        thoughts. Turns to which its side has no answer are left out.
        """
        said: list[Message] = []
        for before in self.turns:
            if before is turn:
                break
            answer = before.replies[side].answer
            if answer:
                said += [
                    {"role": "user", "content": before.message},
                    {"role": "assistant", "content": answer},
                ]
        return (*said, {"role": "user", "content": turn.message})
