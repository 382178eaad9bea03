"""What the chat tab answers to each thing that a person does, as values of its components by name.

The conversation of a window (`Talk`) is held in Gradio's session of that window, so two windows never mix.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from r1data.app import chat_markup
from r1data.app.chat_parties import Party, choices, defaults, may_be_linked, party
from r1data.app.chat_stream import Stream, ask, feedback, models
from r1data.app.chat_talk import SIDES, Reply, Side, Talk, Turn
from r1data.app.links import asked_of
from r1data.app.markup import notice
from r1data.app.moves import Answer
from r1data.app.servers import Servers
from r1data.curate.chat import asked, thumbed
from r1data.curate.current import latest_reviews
from r1data.errors import ConcurrentWrite, R1DataError
from r1data.generate.engines.refused import one_line, storable
from r1data.generate.models import resolve
from r1data.lake import Lake

log = logging.getLogger("r1data")

TICK_S = 0.3
"""Between two looks of the page at what is being written."""
TEMPERATURE, TOP_P, MAX_TOKENS = 0.6, 0.95, 2_048
"""R1's protocol: arXiv 2501.12948, section 3."""


@dataclass(frozen=True)
class Knobs:
    """How tokens are drawn, as the sliders say."""

    temperature: float
    top_p: float
    max_tokens: int


class ChatMoves:
    """Answers for every window of one lake."""

    def __init__(self, lake: Lake, servers: Servers) -> None:
        self.lake, self.servers = lake, servers

    def load(self, search: str, name: str) -> Answer:
        """A page was opened.

        Args:
            search: the query of its address: left, right; each may be missing.
            name: of the reviewer, as this browser remembers it.
        """
        link = asked_of(search, "chat") or {}
        words = choices(self.lake)
        chosen = dict(zip(SIDES, defaults(words), strict=True))
        told = ""
        for side in SIDES:
            if (word := link.get(side)) and may_be_linked(word, words):
                chosen[side] = word
            elif word:
                told = notice(
                    f"A link does not choose {one_line(word)!r}: choose or type it yourself.", "error"
                )
        if not words and not any(chosen.values()):
            told = notice(
                "There is no student yet, and no teacher to chat with. Type the address of a server."
            )
        sides = {side: {"choices": words, "value": chosen[side]} for side in SIDES}
        return sides | {"name": {"value": name}, "message": {"value": told}}

    async def send(
        self,
        talk: Talk,
        text: str,
        left: str,
        right: str,
        temperature: float,
        top_p: float,
        max_tokens: float,
    ) -> AsyncIterator[Answer]:
        """A message goes to both models; yields what the page shows until both have ended."""
        text = storable(text).strip()
        while talk.running and talk.stopping:  # it ends within a tick
            await asyncio.sleep(TICK_S / 6)
        if not text:
            return
        if talk.running:
            told = "Not sent, for the models were still writing. Press Stop first, or wait."
            yield {"message": {"value": notice(told, "error")}}
            return
        turn = Turn(text, {"left": Reply(left or ""), "right": Reply(right or "")})
        talk.turns.append(turn)
        begun = {"text": {"value": ""}, "past": {"value": chat_markup.past(talk)}}
        async for answer in self._run(talk, turn, Knobs(temperature, top_p, int(max_tokens)), begun):
            yield answer

    async def retry(
        self, talk: Talk, left: str, right: str, temperature: float, top_p: float, max_tokens: float
    ) -> AsyncIterator[Answer]:
        """The last message is asked again; its replies give way, and what was stored of them stays."""
        async with talk.storing:
            pass  # a thumb that is on its way is told of, too
        if talk.running or not talk.turns:
            return
        turn = talk.turns[-1]
        begun = {"message": {"value": _kept(turn)}}
        turn.replies = {"left": Reply(left or ""), "right": Reply(right or "")}
        async for answer in self._run(talk, turn, Knobs(temperature, top_p, int(max_tokens)), begun):
            yield answer

    def stop(self, talk: Talk) -> Answer:
        """What is being written is to stop; its connections are closed, on which servers end their work."""
        talk.stopping = True
        return {"message": {"value": ""}}

    def clear(self, talk: Talk) -> Answer:
        """The conversation is to be forgotten; what was thumbed stays stored."""
        talk.stopping = True
        talk.turns.clear()
        return _shown(talk) | {"message": {"value": ""}}

    async def act(self, talk: Talk, wanted: str, name: str) -> Answer:
        """A button of a reply was pressed.

        Args:
            talk: of the window.
            wanted: what it says: `up`, `down` or `whole`, the turn's number and the side.
            name: of the reviewer.
        """
        way, at, side, *_ = [*(wanted or "").split(), "", "", ""]
        if not at.isdigit() or int(at) >= len(talk.turns) or side not in SIDES:
            return _shown(talk)
        reply = talk.turns[int(at)].replies[side]
        if way == "whole":
            reply.whole = True
            return _shown(talk)
        if way not in ("up", "down") or not reply.may_be_thumbed:
            return _shown(talk)
        async with talk.storing:
            return await self._stored(talk, reply, way, name)

    async def _stored(self, talk: Talk, reply: Reply, way: str, name: str) -> Answer:
        try:
            await asyncio.to_thread(self._thumb, reply, way, name)
        except ConcurrentWrite as error:
            reply.review_id = await asyncio.to_thread(self._latest, reply)
            return {"message": {"value": notice(one_line(str(error)), "error")}}
        except (R1DataError, OSError) as error:
            return {"message": {"value": notice(one_line(str(error)), "error")}}
        if reply.server and reply.stream:
            await feedback(reply.server.url, reply.server.key, reply.stream.id, way)
        told = f"Stored: thumb {way}. `r1data why` tells of it by the id under the answer."
        return _shown(talk) | {"message": {"value": notice(told, "done")}}

    def _thumb(self, reply: Reply, way: str, name: str) -> None:
        assert reply.asked and reply.stream
        told = reply.stream.told()
        reply.review_id = thumbed(
            self.lake,
            replace(reply.asked, request=reply.stream.request),  # with the cap that held
            told.completion,
            way,
            reviewer=name,
            engine=reply.engine,
            seen=reply.review_id,
            now=datetime.now(UTC),
        )
        reply.thumb = way

    def _latest(self, reply: Reply) -> str | None:
        """The review of a stored turn that counts now."""
        assert reply.asked
        mine = self.lake.scan("reviews").filter(rollout_id=reply.asked.request.rollout_id)
        found = latest_reviews(mine).collect()
        return found["review_id"].item() if found.height else None

    async def _run(self, talk: Talk, turn: Turn, knobs: Knobs, begun: Answer) -> AsyncIterator[Answer]:
        talk.running, talk.stopping = True, False
        running = {asyncio.create_task(self._reply(talk, turn, side, knobs)) for side in SIDES}
        try:
            yield _busy(True) | {"live": {"value": chat_markup.live(talk)}, "message": {"value": ""}} | begun
            while running:
                running = (await asyncio.wait(running, timeout=TICK_S))[1]
                if talk.stopping:
                    for task in running:
                        task.cancel()
                yield {"live": {"value": chat_markup.live(talk)}}
        finally:  # also when the window is gone
            for task in running:
                task.cancel()
            talk.running = False
        yield _busy(False) | _shown(talk)

    async def _reply(self, talk: Talk, turn: Turn, side: Side, knobs: Knobs) -> None:
        reply = turn.replies[side]
        try:
            who = party(reply.word)
            reply.note = who.note
            if who.url is None:
                await self._local(talk, turn, side, who, knobs)
            else:
                await self._remote(talk, turn, side, who, knobs)
        except asyncio.CancelledError:
            reply.stopped = True
        except (R1DataError, OSError) as error:
            reply.error = one_line(str(error))
        except Exception as error:  # whatever an address that was typed makes of a client
            log.exception("%s was not asked", reply.word)
            reply.error = one_line(str(error)) or type(error).__name__
        finally:
            reply.done = True

    async def _local(self, talk: Talk, turn: Turn, side: Side, who: Party, knobs: Knobs) -> None:
        """By a server that is started here, if there is none."""
        reply = turn.replies[side]
        reply.waiting = f"Starting {who.teacher.model}, which takes about a minute."
        server = await self.servers.wanted(who.teacher)
        if server.in_place_of and not server.ready:
            reply.waiting = f"{reply.waiting} The server of {server.in_place_of} was ended to make room."
        await self.servers.wait(server)
        reply.asked = asked(
            talk.messages(turn, side), who.at(knobs.temperature, knobs.top_p), server.model, knobs.max_tokens
        )
        reply.engine, reply.server = "chat r1data serve", server
        name, context = (await models(server.url, server.key))[0]
        await _stream(reply, server.url, server.key, name, context)

    async def _remote(self, talk: Talk, turn: Turn, side: Side, who: Party, knobs: Knobs) -> None:
        """By a server that is there."""
        reply, url = turn.replies[side], who.url or ""
        reply.waiting = f"Looking at {url}."
        named, name, context = who, who.model or "", None
        if not name:
            name, context = (await models(url, who.key))[0]
            named = who.named(name)
        teacher = named.at(knobs.temperature, knobs.top_p)
        model = resolve(teacher.model, teacher.revision)
        reply.asked = asked(talk.messages(turn, side), teacher, model, knobs.max_tokens)
        reply.engine = f"chat {url}"
        await _stream(reply, url, named.key, name, context)


async def _stream(reply: Reply, url: str, key: str | None, name: str, context: int | None) -> None:
    """Ask for a reply of at most as many tokens as the context has, where that is known."""
    assert reply.asked
    wanted = reply.asked.request
    cap = min(wanted.max_tokens, context - 1) if context else wanted.max_tokens
    reply.stream, reply.waiting = Stream(replace(wanted, max_tokens=max(1, cap))), ""
    await ask(url, key, name, reply.stream)


def _shown(talk: Talk) -> Answer:
    return {"past": {"value": chat_markup.past(talk)}, "live": {"value": chat_markup.live(talk)}}


def _kept(turn: Turn) -> str:
    """What is told of thumbs whose replies give way."""
    kept = [one.asked.request.rollout_id for one in turn.replies.values() if one.asked and one.thumb]
    if not kept:
        return ""
    ids = " and ".join(kept)
    return notice(
        f"What was thumbed stays stored: {ids}. Browse shows it by its id, with a link to review it again."
    )


def _busy(on: bool) -> Answer:
    """While something is written, it can be stopped and nothing else be sent."""
    return {
        "send": {"visible": not on},
        "stop": {"visible": on},
        "retry": {"visible": not on},
        "left": {"interactive": not on},
        "right": {"interactive": not on},
    }
