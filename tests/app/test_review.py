"""The review page without a browser: queues, what is shown, what is stored, what is refused."""

import json
import socket
from pathlib import Path

import polars as pl
import pytest

from r1data.app.desk import Choice, Desk, Standing
from r1data.app.markup import card, escaped
from r1data.app.moves import Answer, Moves, Open
from r1data.app.serve import serve
from r1data.curate.review_queue import QUEUES, exported, members
from r1data.curate.review_shown import shown
from r1data.errors import ConfigError
from r1data.lake import Lake

NIGHT = "2026-01-02"
ACCEPTED = Choice("accepted", "r", NIGHT)
PLACE = f"r/{NIGHT}"


def ids(lake: Lake, of: str) -> list[str]:
    return members(lake, of, recipe="r", night=NIGHT).collect()["rollout_id"].to_list()


def said(
    moves: Moves, verdict: str, rollout: str, *, name: str = "ada", seen: str | None = None, **typed: str
) -> Answer:
    """The answer to a verdict of a page that shows the rollout."""
    page = json.dumps({"rollout_id": rollout, "seen": seen})
    texts = (typed.get("reasoning", ""), typed.get("answer", ""))
    return moves.decide(verdict, page, "all", PLACE, name, typed.get("note", ""), *texts)


def stored(lake: Lake) -> list[tuple[str, ...]]:
    return (
        lake.scan("reviews").sort("reviewed_at").select("rollout_id", "reviewer", "verdict").collect().rows()
    )


def latest(lake: Lake) -> str:
    return lake.scan("reviews").sort("reviewed_at").collect()["review_id"][-1]


def test_each_queue_holds_what_it_says_and_every_recipe_its_own(review_lake: Lake):
    judged = {"night": NIGHT, "rollout_id": "a3", "verdict": "wrong"}
    schema = review_lake.scan("judgements").collect_schema()
    full = {name: judged.get(name) for name in schema}
    review_lake.append("judgements", pl.DataFrame([full], schema=schema, orient="row"))
    found = {of: ids(review_lake, of) for of in QUEUES}
    assert found == {
        "accepted": ["a1", "a2", "a3", "a4"],
        "undecided": ["g1", "x1"],
        "disputed": ["a3"],
        "cold_start": [],
        "all": ["a1", "a2", "a3", "a4", "g1", "x1"],
    }
    assert members(review_lake, "all", recipe="other", night=NIGHT).collect().is_empty()
    with pytest.raises(ConfigError, match="did you mean `accepted`"):
        members(review_lake, "accept", recipe="r", night=NIGHT)


def test_a_file_of_a_queue_holds_the_first_rows_of_its_draw_that_wait(review_lake: Lake):
    said(Moves(Desk(review_lake)), "approve", "a1")
    drawn = exported(review_lake, "accepted", recipe="r", night=NIGHT, n=2)
    assert drawn["rollout_id"].to_list() == ["a2", "a3"]
    whole = exported(review_lake, "accepted", recipe="r", night=NIGHT, everything=True)
    assert whole.select("rollout_id", "latest_verdict").row(0) == ("a1", "approve")


def test_next_goes_to_what_waits_and_round_the_end_and_previous_to_what_was_done(review_lake: Lake):
    desk = Desk(review_lake)
    assert desk.standing(ACCEPTED, "a2") == Standing(4, 4, 2)
    said(Moves(desk), "reject", "a2")
    assert desk.next(ACCEPTED, None) == "a1"
    assert desk.next(ACCEPTED, "a1") == "a3"
    assert desk.next(ACCEPTED, "a4") == "a1"
    assert desk.previous(ACCEPTED, "a3") == "a2"
    assert desk.previous(ACCEPTED, "a1") is None
    assert desk.standing(ACCEPTED, "x1") == Standing(4, 3, None)


def test_texts_of_a_trace_are_shown_as_they_are_written(review_lake: Lake):
    nasty = "</div><script>x()</script> <think> {{value}} ${x} `b` \\(x\\) & \"q\" 'q'"
    assert set("<>{}$`\\\"'").isdisjoint(escaped(nasty))
    review_lake_card = card(shown(review_lake, "a1"))
    assert "<img" not in review_lake_card and "&lt;img" in review_lake_card
    assert '<details class="thought"><summary>' in review_lake_card
    assert "{" not in review_lake_card and "$" not in review_lake_card


def test_what_cannot_be_stored_is_refused_and_leaves_what_was_typed(review_lake: Lake):
    moves = Moves(Desk(review_lake))
    thought = {"reasoning": "One and one."}
    for verdict, rollout, typed, told in (
        ("approve", "a1", {"name": " "}, "Fill in your name"),
        ("edit", "a1", thought | {"answer": "3"}, "the edited answer is not right (different)"),
        ("edit", "a1", {"answer": "2"}, "an edit needs a thought and an answer"),
        ("edit", "x1", {"reasoning": "Hm.", "answer": "maybe"}, "Nothing was changed"),
        ("maybe", "a1", {}, "`maybe` is no verdict"),
        ("approve", "nobody", {}, "The lake has no rollout `nobody`"),
    ):
        answer = said(moves, verdict, rollout, **typed)
        assert list(answer) == ["message"] and escaped(told) in answer["message"]["value"]
    assert stored(review_lake) == []


def test_where_no_rule_decides_and_no_thought_was_asked_a_person_edits_freely(review_lake: Lake):
    moves = Moves(Desk(review_lake))
    said(moves, "edit", "g1", answer="Good day.")
    said(moves, "approve", "g1", name="bob", seen=latest(review_lake))
    assert stored(review_lake) == [("g1", "ada", "edit"), ("g1", "bob", "approve")]


def test_a_stale_page_is_told_and_may_overrule_and_the_same_press_twice_is_one_review(review_lake: Lake):
    moves = Moves(Desk(review_lake))
    said(moves, "approve", "a1", name="bob")
    told = said(moves, "reject", "a1", note="wrong step")
    assert "Meanwhile bob reviewed this rollout (approve" in told["message"]["value"]
    assert set(told) == {"message", "card", "open", "standing"}, "nothing that was typed changes"
    assert stored(review_lake) == [("a1", "bob", "approve")]
    page = Open.of(told["open"]["value"])
    for _ in range(2):
        said(moves, "reject", "a1", seen=page.seen, note="wrong step")
    assert stored(review_lake) == [("a1", "bob", "approve"), ("a1", "ada", "reject")]


def test_a_link_opens_its_rollout_and_a_wrong_one_says_what_is_not_there(review_lake: Lake, tmp_path: Path):
    moves = Moves(Desk(review_lake))
    opened = moves.load(f"?queue=undecided&recipe=r&night={NIGHT}&rollout=a4", "ada")
    assert Open.of(opened["open"]["value"]).rollout_id == "a4"
    assert opened["of"]["value"] == "undecided" and opened["reviewer"]["value"] == "ada"
    assert "no such recipe and night" in moves.load("?night=2020-01-01", "")["message"]["value"]
    assert "The lake has no rollout nobody" in moves.load("?rollout=nobody", "")["card"]["value"]
    assert "This queue is empty" in moves.choose("disputed", PLACE)["card"]["value"]
    bare = Moves(Desk(Lake(tmp_path / "none"))).load("", "")
    assert "`r1data run` makes one" in bare["card"]["value"].replace("&#96;", "`")


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} of 127.0.0.1 cannot be used.*--port"):
            serve(Lake("unused"), port)
