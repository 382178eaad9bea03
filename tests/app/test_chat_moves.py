"""The chat when a person is quick: messages, thumbs, Clear and Retry while something else is under way."""

import asyncio

from r1data.app.chat_moves import ChatMoves
from r1data.app.chat_talk import Talk
from r1data.app.moves import Answer
from r1data.app.servers import Servers
from r1data.lake import Lake
from tests.app.test_chat import asked, reply, streamed
from tests.generate.engines.chat_server import ChatServer, Reply


def test_a_message_while_models_write_is_told_and_kept_and_after_clear_the_next_one_is_asked() -> None:
    hangs, said = Reply(hangs=True), streamed({"content": "4"})
    with ChatServer(otherwise=lambda number, body: hangs if number <= 2 else said) as server:
        talk, moves = Talk(), ChatMoves(Lake("/nowhere"), Servers())

        async def sent(text: str) -> list[Answer]:
            words = (f"{server.url} m", f"{server.url} m")
            return [one async for one in moves.send(talk, text, *words, 0.6, 0.95, 50)]

        async def a_person() -> tuple[list[Answer], list[Answer]]:
            first = asyncio.create_task(sent("first"))
            while len(server.asked()) < 2:
                await asyncio.sleep(0.05)
            refused = await sent("second")
            moves.clear(talk)
            last = await sent("third")
            await first
            return refused, last

        refused, last = asyncio.run(asyncio.wait_for(a_person(), 20))
    assert [list(answer) for answer in refused] == [["message"]]
    assert "Press Stop first" in refused[0]["message"]["value"]
    assert last[0]["text"] == {"value": ""}
    assert [turn.message for turn in talk.turns] == ["third"] and reply(talk).answer == "4"


def test_two_messages_at_once_are_one_turn() -> None:
    with ChatServer(*[streamed({"content": "4"})] * 4, delay_s=0.2) as server:
        talk, moves = Talk(), ChatMoves(Lake("/nowhere"), Servers())
        word = f"{server.url} m"

        async def twice() -> tuple[Answer, Answer]:
            both = [moves.send(talk, text, word, word, 0.6, 0.95, 50) for text in "ab"]
            first, second = await anext(both[0]), await anext(both[1])
            async for _ in both[0]:
                pass
            return first, second

        first, second = asyncio.run(twice())
    assert first["text"] == {"value": ""} and list(second) == ["message"]
    assert [turn.message for turn in talk.turns] == ["a"]


def test_thumbs_of_one_reply_at_once_are_stored_one_after_the_other_and_retry_tells_of_them(
    home_lake: Lake,
) -> None:
    moves = ChatMoves(home_lake, Servers())
    with ChatServer(*[streamed({"content": "4"})] * 4) as server:
        talk = asked(server, "2 + 2?")
        rollout = reply(talk).asked.request.rollout_id
        word = f"{server.url} m"

        async def a_person() -> list[str]:
            pressed = [moves.act(talk, f"{way} 0 left", "ada") for way in ("up", "down", "up", "down")]
            thumbs = [asyncio.create_task(one) for one in pressed]
            await asyncio.sleep(0)  # all are on their way
            retried = [one async for one in moves.retry(talk, word, word, 0.6, 0.95, 50)]
            return [one["message"]["value"] for one in [*await asyncio.gather(*thumbs), retried[0]]]

        *thumbs, retried = asyncio.run(a_person())
    assert all("Stored: thumb" in told for told in thumbs)
    said = home_lake.scan("reviews").sort("reviewed_at").collect()["verdict"].to_list()
    assert said == ["approve", "reject", "approve", "reject"]
    assert f"stays stored: {rollout}." in retried and reply(talk).thumb == ""
