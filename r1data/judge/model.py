"""A judge at work: questions in, judgements out, as they finish.

    with JudgeModel(recipe.judge) as judge:
        for question, judgement in judge.judge(load_rubric("reference_match"), questions):
            …

The engine starts at the first question that needs it. Memory holds what is in flight.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from r1data.errors import ConfigError, SchemaError
from r1data.generate.engine import Completion, Engine, Request
from r1data.generate.engines import ENGINES
from r1data.generate.rollout import FEED, POLL_S
from r1data.generate.teachers import model_of, teacher_row, with_template
from r1data.judge.protocol import FIRST, decide, is_swapped, is_unsure, request, unasked, vote
from r1data.judge.question import Judgement, Question, Vote
from r1data.judge.rubric import Rubric
from r1data.recipe import Judge, load_teacher
from r1data.text import nearest

_UNANSWERED = {"rejected": "rejected", "error": "no_reply", "abort": "no_reply"}
"""Reasons of completions that are no reply, by finish reason."""


@dataclass(eq=False)
class _Open:
    """A question in flight."""

    question: Question
    began: float
    votes: dict[int, Vote] = field(default_factory=dict)
    n_asked: int = FIRST
    failed: str | None = None
    """Why there is no reply to one of the requests."""


class JudgeModel:
    """The judge of a recipe; a context manager, which ends the engine if it was started."""

    def __init__(self, settings: Judge) -> None:
        """Find the model; nothing starts yet.

        Raises:
            ConfigError, OfflineError, InputError: the engine cannot judge, or the teacher cannot be used.
        """
        generate = settings.generate
        if generate.engine == "replay":
            raise ConfigError(
                '[judge.generate] engine = "replay" gives back completions that exist, so it cannot judge. '
                "Name an engine that asks a model, such as vllm or openai."
            )
        if generate.engine not in ENGINES:
            raise ConfigError(f"[judge.generate] unknown engine {nearest(generate.engine, ENGINES)}")
        self._settings = settings
        self._teacher = load_teacher(generate.teacher)
        self._model = with_template(model_of(self._teacher), self._teacher)
        self._engine: Engine = ENGINES[generate.engine](generate, self._model)
        self._stack = ExitStack()
        self._started = self._busy = False
        self.name = self._teacher.name
        """Name of its teacher."""
        self.judge_id: str = self.teacher_row("")["teacher_id"].item()
        """Its id in table `teachers`."""
        self.n_asked = 0
        """Requests that the engine was sent."""

    def teacher_row(self, night: str) -> pl.DataFrame:
        """Its row of table `teachers`."""
        return teacher_row(self._teacher, self._model, night)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._started = False
        self._stack.__exit__(*exc)

    def judge(self, rubric: Rubric, questions: Iterable[Question]) -> Iterator[tuple[Question, Judgement]]:
        """Judge questions, in the order in which they finish; one call at a time.

        Raises:
            EngineError: the engine died; what had finished came first.
            SchemaError: a question comes twice, or lacks what the rubric needs.
        """
        if self._busy:
            raise SchemaError("One judge answers one call of `judge` at a time. Finish the first one.")
        self._busy = True
        try:
            yield from _Asking(self, rubric).run(iter(questions))
        finally:
            self._busy = False

    def ask(self, requests: list[Request]) -> None:
        """Send requests to the engine, which starts with the first of them."""
        self.n_asked += len(requests)
        self.engine.submit(requests)

    @property
    def settings(self) -> Judge:
        """The recipe's section."""
        return self._settings

    @property
    def engine(self) -> Engine:
        """The engine, started."""
        if not self._started:
            self._stack.enter_context(self._engine)
            self._started = True
        return self._engine

    def request(self, rubric: Rubric, question: Question, index: int) -> Request:
        """Vote `index` (from 0) of a question, as the engine is asked for it."""
        return request(rubric, question, index, self._teacher, self._settings, self.judge_id)


class _Asking:
    """One call of `judge`."""

    def __init__(self, model: JudgeModel, rubric: Rubric) -> None:
        self._model, self._rubric, self._settings = model, rubric, model.settings
        self._open: dict[str, _Open] = {}
        self._in_flight: dict[str, tuple[_Open, Request]] = {}
        self._redone: set[str] = set()
        self._more = True

    def run(self, questions: Iterator[Question]) -> Iterator[tuple[Question, Judgement]]:
        while self._more or self._in_flight:
            yield from self._feed(questions)
            if self._in_flight:
                completions = self._model.engine.poll(POLL_S)
                yield from self._take(completions)
                if not completions and self._in_flight and self._model.engine.pending == 0:
                    yield from self._redo()

    def _feed(self, questions: Iterator[Question]) -> Iterator[tuple[Question, Judgement]]:
        """Begin questions while there is room; those that need no model are done at once."""
        while self._more and self._has_room():
            question = next(questions, None)
            if question is None:
                self._more = False
                return
            if (known := unasked(self._rubric, question, self._settings)) is not None:
                yield question, known
                continue
            if question.question_id in self._open:
                raise SchemaError(f"Question {question.question_id} is asked twice. Give each its own id.")
            begun = self._open[question.question_id] = _Open(question, time.monotonic())
            self._send(begun, range(FIRST))

    def _has_room(self) -> bool:
        if not self._in_flight:
            return True
        slots = self._model.engine.slots
        return len(self._in_flight) + FIRST <= max(slots, int(FEED * slots))

    def _send(self, begun: _Open, indices: Iterable[int]) -> None:
        asked = [self._model.request(self._rubric, begun.question, index) for index in indices]
        self._in_flight |= {one.rollout_id: (begun, one) for one in asked}
        self._model.ask(asked)

    def _take(self, completions: Iterable[Completion]) -> Iterator[tuple[Question, Judgement]]:
        for completion in completions:
            begun, asked = self._in_flight.pop(completion.rollout_id, (None, None))
            if begun is None:
                continue  # it came twice, or for a call that was given up
            if completion.finish_reason in _UNANSWERED:
                begun.failed = _UNANSWERED[completion.finish_reason]
            yield from self._count(begun, asked.index, vote(self._rubric, begun.question, asked, completion))

    def _count(self, begun: _Open, index: int, given: Vote) -> Iterator[tuple[Question, Judgement]]:
        begun.votes[index] = given
        if len(begun.votes) < begun.n_asked:
            return
        votes = [begun.votes[i] for i in range(begun.n_asked)]
        further = range(FIRST, FIRST + self._settings.extra_votes)
        unsure = is_unsure(self._rubric, begun.question, votes, self._settings)
        if begun.n_asked == FIRST and further and unsure:
            begun.n_asked += len(further)
            return self._send(begun, further)
        del self._open[begun.question.question_id]
        elapsed_s = time.monotonic() - begun.began
        judged = decide(self._rubric, begun.question, votes, elapsed_s)
        if begun.failed and judged.verdict == "unknown" and any(one.word is None for one in votes):
            judged = Judgement("unknown", None, begun.failed, None, tuple(votes), elapsed_s)
        yield begun.question, judged

    def _redo(self) -> Iterator[tuple[Question, Judgement]]:
        """Ask again, once, for what the engine neither works on nor has returned."""
        again = [name for name in self._in_flight if name not in self._redone]
        for name in [name for name in self._in_flight if name in self._redone]:
            begun, asked = self._in_flight.pop(name)
            begun.failed = "no_reply"
            yield from self._count(begun, asked.index, Vote(is_swapped(asked.index), None, None, ""))
        self._redone.update(again)
        if again:
            self._model.ask([self._in_flight[name][1] for name in again])
