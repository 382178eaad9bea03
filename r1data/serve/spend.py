"""Requests with a budget: attempts until one is verified, or until most agree, or until the deadline."""

import asyncio
import secrets
import time
from contextlib import suppress
from functools import partial
from typing import Any

from r1data.serve.attempt import Attempt, Attempting, OnText
from r1data.serve.budget import Budget
from r1data.serve.refusal import Refusal
from r1data.serve.serving import Serving
from r1data.serve.vote import Vote
from r1data.verify import Verdict, unknown, verify

_ORDER = {"right": 0, "unknown": 1, "wrong": 2}
_SEEDS = 2**31
_LATE_S = 2.0
"""Seconds past the deadline in which a finished answer may still be judged."""


class Spending:
    """The attempts of one request, and which of them is its answer."""

    def __init__(
        self, serving: Serving, body: dict[str, Any], budget: Budget, *, opened: bool, began: float
    ) -> None:
        """Say what is asked.

        Args:
            serving: the model.
            body: the chat request, without its budget.
            budget: what may be spent.
            opened: whether the prompt ends with an opened thought.
            began: when the request came, by `time.monotonic`.
        """
        self._serving, self._body, self._budget = serving, body, budget
        self._opened, self._began = opened, began
        self._attempts: list[Attempt] = []
        self._chosen: Attempt | None = None
        self._vote: Vote | None = None
        self._answers: dict[int, str] = {}
        """What finished attempts answer, by their number, where they vote."""
        self._judging: dict[int, asyncio.Future[Verdict]] = {}
        """Verdicts that are being worked out, which the deadline does not end at once."""
        self._stopped_by = "finished"
        given = body.get("seed")
        self._seed = given if isinstance(given, int) else secrets.randbelow(_SEEDS)

    @property
    def chosen(self) -> Attempt:
        """The attempt that is the answer; known after `run`."""
        if self._chosen is None:
            raise RuntimeError("nothing was run")
        return self._chosen

    @property
    def first(self) -> Attempt:
        """The first attempt, also while it runs."""
        return self._attempts[0]

    async def run(self, on_text: OnText | None) -> None:
        """Spend.

        Args:
            on_text: told every piece of text; only for a single attempt.

        Raises:
            Refusal: the model refuses or does not answer, or nothing was written by the deadline (504).
        """
        left = self._budget.deadline_s
        if left is not None:
            left = max(0.0, left - (time.monotonic() - self._began))
        clock = asyncio.timeout(left)
        try:
            async with clock:
                await self._spend(on_text)
        except TimeoutError:
            if not clock.expired():
                raise
            self._stopped_by = "deadline"
            self._chosen = self._best()
            await self._judge_late(self._chosen)
        except Refusal:  # what earlier attempts gave is worth more than an error
            if not any(attempt.finish_reason for attempt in self._attempts):
                raise
            self._stopped_by = "error"
            self._chosen = self._best()
            await self._judge_late(self._chosen)
        finally:
            for verdict in self._judging.values():
                verdict.cancel()  # of one that has not begun, nobody wants to know any more

    async def told(self) -> dict[str, Any]:
        """What was spent, all attempts together, as the metadata of the answer."""
        thoughts = [attempt.parts[0] or "" for attempt in self._attempts]
        verdict = self.chosen.verdict
        agreement = None
        if self._vote:
            agreement = round(self._vote.n_leader / max(1, self._vote.n_counted), 3)
        return {
            "attempts": len(self._attempts),
            "thought_tokens": await self._serving.n_tokens(thoughts),
            "completion_tokens": sum(attempt.completion_tokens for attempt in self._attempts),
            "elapsed_s": round(time.monotonic() - self._began, 3),
            "stopped_by": self._stopped_by,
            "verdict": verdict
            and {
                "verdict": verdict.verdict,
                "reason": verdict.reason,
                "extracted": verdict.extracted,
            },
            "agreement": agreement,
            "chosen": self.chosen.index,
        }

    @property
    def usage(self) -> dict[str, int]:
        """Tokens of all attempts; each reads the prompt."""
        prompt = sum(attempt.prompt_tokens for attempt in self._attempts)
        completion = sum(attempt.completion_tokens for attempt in self._attempts)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }

    @property
    def caps(self) -> list[str]:
        """A word for each attempt that a cap ended."""
        thought = ["thought" for attempt in self._attempts if attempt.capped]
        tokens = ["tokens" for attempt in self._attempts if attempt.finish_reason == "length"]
        return thought + tokens + (["deadline"] if self._stopped_by == "deadline" else [])

    async def _spend(self, on_text: OnText | None) -> None:
        if self._budget.until == "verified":
            await self._until_verified()
        elif self._budget.until == "consistent":
            await self._until_consistent()
        else:
            self._chosen = await self._make(on_text)
            self._stopped_by = "tokens" if self._chosen.finish_reason == "length" else "finished"
        await self._judge(self.chosen)

    async def _until_verified(self) -> None:
        """One attempt after the other, so that nothing is spent that is not needed."""
        self._stopped_by = "attempts"
        for _ in range(self._budget.attempts):
            attempt = await self._make()
            await self._judge(attempt)
            if attempt.verdict and attempt.verdict.verdict == "right":
                self._stopped_by = "verified"
                break
        self._chosen = self._best()

    async def _until_consistent(self) -> None:
        """As many attempts at once as a decision needs if all agree, then further ones as needed.

        Only one of them waits in the queue; the others take slots that are free, so that other requests are
        not kept waiting, or sent away, by one.
        """
        self._vote = vote = Vote(self._budget.attempts)
        running: set[asyncio.Task[Attempt]] = set()
        try:
            while vote.wanted:
                most = max(self._serving.slots.free, 0 if running else 1)
                for _ in range(min(most, vote.wanted - len(running))):
                    running.add(asyncio.create_task(self._make()))
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for attempt in [task.result() for task in done]:
                    finished = attempt.finish_reason == "stop"
                    if answer := vote.add(attempt.completion if finished else None):
                        self._answers[attempt.index] = answer
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        self._stopped_by = "consistent" if vote.decided else "attempts"
        self._chosen = self._best()

    @property
    def _leader(self) -> str | None:
        return self._vote.leader if self._vote else None

    async def _make(self, on_text: OnText | None = None) -> Attempt:
        """One attempt, which counts from when it has a slot."""
        async with self._serving.slots.hold():
            attempt, body = Attempt(len(self._attempts), self._opened), self._body
            self._attempts.append(attempt)
            if self._budget.attempts > 1:
                body = body | {"seed": (self._seed + attempt.index) % _SEEDS}
            work = Attempting(self._serving.upstream, attempt, on_text)
            await work.run(body, self._budget.max_thought_tokens)
        return attempt

    async def _judge(self, attempt: Attempt) -> None:
        budget = self._budget
        if budget.verifier is None or attempt.verdict is not None:
            return
        if attempt.finish_reason != "stop":
            attempt.verdict = unknown("truncated")
            return
        judge = partial(verify, budget.verifier, attempt.completion, budget.reference, **budget.verifier_args)
        if attempt.index not in self._judging:
            loop = asyncio.get_running_loop()
            self._judging[attempt.index] = loop.run_in_executor(self._serving.judging, judge)
        attempt.verdict = await asyncio.shield(self._judging[attempt.index])

    async def _judge_late(self, attempt: Attempt) -> None:
        """Judge what is the answer after all, if that takes no time to speak of."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LATE_S):
                await self._judge(attempt)

    def _best(self) -> Attempt:
        """Of what there is: one with the answer that leads a vote; else finished before broken off, right
        before unknown before wrong, the first.
        """
        with_it = [index for index, answer in self._answers.items() if answer == self._leader]
        if with_it:
            return self._attempts[min(with_it)]

        def rank(attempt: Attempt) -> tuple[bool, int, bool]:
            verdict = attempt.verdict.verdict if attempt.verdict else "unknown"
            return attempt.finish_reason is None, _ORDER[verdict], not attempt.text

        found = min(self._attempts, key=rank, default=None)
        if found is None or not (found.text or found.finish_reason):
            self._serving.gave_up(len(self._attempts))
            raise Refusal(504, "Nothing was written by the deadline (budget.deadline_s).", "deadline")
        return found
