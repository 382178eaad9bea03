"""The review page without a browser: queues, what is shown, what is stored, what is refused."""

import json
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.app.desk import Choice, Desk, Standing
from r1data.app.markup import card, escaped
from r1data.app.moves import Answer, Moves, Open, safely
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


def add(lake: Lake, table: str, *rows: dict[str, Any]) -> None:
    schema = lake.scan(table).collect_schema()
    full = [{name: ({"night": NIGHT} | row).get(name) for name in schema} for row in rows]
    lake.append(table, pl.DataFrame(full, schema=schema, orient="row"))


def judgement(rollout: str, verdict: str, day: int = 2, **more: Any) -> dict[str, Any]:
    said = {"rollout_id": rollout, "verdict": verdict, "judged_at": datetime(2026, 1, day, tzinfo=UTC)}
    return said | {"judge_id": "j", "rubric": "one", "rubric_version": "1", "reference_version": "v"} | more


def test_each_queue_holds_what_it_says_and_every_recipe_its_own(review_lake: Lake):
    add(review_lake, "judgements", judgement("a3", "wrong"))
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


def test_disputes_are_with_what_the_newest_judge_says_of_the_current_reference(review_lake: Lake):
    older, newer = {"judge_id": "old"}, {"rubric_version": "2", "day": 4}
    add(
        review_lake,
        "judgements",
        judgement("a1", "wrong", 1, **older), judgement("a1", "right"),
        judgement("a2", "wrong", reference_version="corrected since"),
        judgement("a3", "wrong"), judgement("a3", "right", **newer),
        judgement("a4", "right"), judgement("a4", "wrong", rubric="two", day=1),
    )  # fmt: skip
    assert ids(review_lake, "disputed") == ["a4"]


def test_a_queue_goes_by_the_reference_that_its_own_recipe_named(review_lake: Lake):
    mine = {"prompt_id": "p", "reference": "2", "verifier": "math", "verifier_args": "{}", "recipe": "r"}
    mine |= {"reference_version": "v", "added_at": datetime(2026, 1, 3, tzinfo=UTC)}
    others = mine | {"recipe": "other", "reference": "3", "reference_version": "w"}
    others["added_at"] = datetime(2026, 1, 4, tzinfo=UTC)
    add(review_lake, "prompt_references", others)
    add(review_lake, "prompt_references", mine)
    assert ids(review_lake, "undecided") == ["g1", "x1"]
    file = exported(review_lake, "accepted", recipe="r", night=NIGHT)
    assert file["reference"].unique().to_list() == ["2"]


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
        ("edit", "a1", thought | {"answer": "2<|im_end|>"}, "(leaked_tokens)"),
        ("edit", "g1", {"answer": "Hi.</thinking>"}, "(stray_tags)"),
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


def test_a_general_trace_with_an_empty_thought_is_approved_and_edited_as_it_is(review_lake: Lake):
    text = "<think>\n\n</think>\n\nHello!"
    offsets = {"thought_start": 7, "thought_end": 9, "answer_start": 17, "finish_reason": "stop"}
    for name, domain in (("chat", "general"), ("sum", "math")):
        messages = [{"role": "user", "content": "Hi."}]
        add(review_lake, "prompts", {"prompt_id": name, "domain": domain, "messages": messages})
        add(
            review_lake,
            "rollouts",
            offsets | {"rollout_id": f"of {name}", "prompt_id": name, "completion": text},
        )
    moves = Moves(Desk(review_lake))
    said(moves, "approve", "of chat")
    said(moves, "edit", "of chat", seen=latest(review_lake), answer="Hello to you!")
    assert [verdict for _, _, verdict in stored(review_lake)] == ["approve", "edit"]
    told = said(moves, "approve", "of sum")["message"]["value"]
    assert "the rollout has no reasoning" in told


def test_a_person_decides_where_the_reference_cannot_be_used(review_lake: Lake):
    broken = {"prompt_id": "p", "reference": "?", "reference_version": "w", "verifier": "math", "recipe": "r"}
    broken |= {"quality": "unreadable", "added_at": datetime(2026, 1, 3, tzinfo=UTC)}
    add(review_lake, "prompt_references", broken)
    said(Moves(Desk(review_lake)), "edit", "a1", reasoning="One and one.", answer="It is two.")
    assert stored(review_lake) == [("a1", "ada", "edit")]


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
    assert "no such recipe and night" in moves.load("?tab=review&night=2020-01-01", "")["message"]["value"]
    assert "The lake has no rollout nobody" in moves.load("?tab=review&rollout=nobody", "")["card"]["value"]
    assert "This queue is empty" in moves.choose("disputed", PLACE)["card"]["value"]
    bare = Moves(Desk(Lake(tmp_path / "none"))).load("?tab=review", "")
    assert "`r1data run` makes one" in bare["card"]["value"].replace("&#96;", "`")


def test_only_of_an_open_rollout_can_anything_be_said(review_lake: Lake, tmp_path: Path):
    moves = Moves(Desk(review_lake))
    acting = ("note", "approve", "reject", "edit")
    assert all(moves.load("?tab=review", "")[name]["visible"] for name in acting)
    for nothing in (
        moves.choose("disputed", PLACE),
        Moves(Desk(Lake(tmp_path / "none"))).load("?tab=review", ""),
    ):
        assert not any(nothing[name]["visible"] for name in acting)


def test_a_lake_that_cannot_be_read_is_told_at_every_step(review_lake: Lake):
    moves = Moves(Desk(review_lake))
    log = Path(review_lake.root) / "plan" / "_delta_log"
    shutil.rmtree(log)
    log.write_text("no folder")
    assert "cannot be read" in moves.load("?tab=review", "")["card"]["value"]
    for name in ("rollouts", "reviews", "selected"):
        shutil.rmtree(Path(review_lake.root) / name, ignore_errors=True)
        (Path(review_lake.root) / name).write_text("no folder")
    told = safely(moves.choose, "accepted", PLACE)
    assert list(told) == ["message"] and "The lake cannot be read: " in told["message"]["value"]


def test_a_link_that_names_a_rollout_alone_opens_the_night_that_it_is_of(review_lake: Lake):
    later = {"rollout_id": "z", "prompt_id": "p", "teacher_id": "t", "recipe": "r", "night": "2026-01-03"}
    schema = review_lake.scan("plan").collect_schema()
    row = {name: later.get(name) for name in schema}
    place = {"recipe": "r", "night": "2026-01-03"}
    review_lake.replace("plan", place, pl.DataFrame([row], schema=schema, orient="row"))
    moves = Moves(Desk(review_lake))
    assert moves.load("?tab=review", "")["place"]["value"] == "r/2026-01-03"
    assert moves.load("?tab=review&rollout=a4", "")["place"]["value"] == PLACE
    chat = review_lake.scan("rollouts").filter(rollout_id="a4")
    of_no_night = chat.with_columns(rollout_id=pl.lit("chat"), night=pl.lit("2025-12-31"))
    review_lake.append("rollouts", of_no_night)
    opened = moves.load("?tab=review&rollout=chat", "")
    assert Open.of(opened["open"]["value"]).rollout_id == "chat" and opened["message"]["value"] == ""


def test_a_card_shows_what_the_newest_judge_wrote_and_whether_it_has_a_vote(review_lake: Lake):
    votes = [{"swapped": False, "word": "SAME", "margin": 0.9, "reply": "<b>SAME</b> as $x$"}]
    stale = judgement("a1", "wrong", 1, judge_id="old", rubric="stale rubric")
    add(review_lake, "judgements", stale, judgement("a1", "right", votes=votes, reason="judged_right"))
    chosen = review_lake.scan("selected").with_columns(judge_has_vote=pl.lit(False)).collect()
    review_lake.replace("selected", {"recipe": "r", "night": NIGHT}, chosen)
    told = card(shown(review_lake, "a1"))
    assert "&lt;b&gt;SAME&lt;/b&gt; as &#36;x&#36;" in told and "stale rubric" not in told
    assert "the judge has no vote" in told


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} of 127.0.0.1 cannot be used.*--port"):
            serve(Lake("unused"), port)
