"""The tab Browse without a browser: what filters find, what a page sends back, what a trace shows."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data import ids
from r1data.app import TABS
from r1data.app.browse_moves import FIELDS, BrowseMoves, Look
from r1data.app.find import PAGE_ROWS, Filters, find, values
from r1data.app.links import NAMES
from r1data.app.moves import Answer, safely
from r1data.app.sql_moves import SqlMoves
from r1data.app.trace import Mark, Trace, read_trace
from r1data.app.trace_markup import compared, marked, trace_card
from r1data.lake import Lake

NIGHT = "2026-01-02"
PLACE = f"r/{NIGHT}"
ANY = ("", "", "", "", "", "", "")


def add(lake: Lake, table: str, *rows: dict[str, Any]) -> None:
    schema = lake.scan(table).collect_schema()
    full = [{name: ({"night": NIGHT} | row).get(name) for name in schema} for row in rows]
    lake.append(table, pl.DataFrame(full, schema=schema, orient="row"))


def found(lake: Lake, **filters: str) -> list[str]:
    return sorted(row["rollout_id"] for row in find(lake, Filters(**filters)).rows)


def look(answer: Answer) -> Look:
    return Look.of(answer["look"]["value"])


def opened(moves: BrowseMoves, listed: Answer, *typed: str) -> Answer:
    """What the page asks for as soon as it has a list."""
    return moves.open(listed["wanted"]["value"], listed["look"]["value"], *(typed or ("/", *ANY)))


@pytest.fixture(scope="module")
def read(lake_to_review: Path, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """The trace a1, whose attempt is foreign and repeats itself, with the twin a2."""
    lake = Lake(shutil.copytree(lake_to_review, tmp_path_factory.mktemp("twins") / "review lake"))
    completion = lake.scan("rollouts").filter(rollout_id="a1").collect()["completion"].item()
    at, loop = completion.index("code"), completion.index("so on so on")
    span = {"offset": at, "length": 4, "script": "Latin", "language": "fr", "text": "code"}
    again = {"measure": "repetition", "offset": loop, "length": 11, "text": "so on so on"}
    add(lake, "language", {"rollout_id": "a1", "version": "9", "foreign_spans": [span]})
    add(lake, "readability", {"rollout_id": "a1", "version": "9", "evidence": [again]})
    pair = {"twin_id": "a1", "twin_night": NIGHT, "algorithm": "x", "jaccard": 0.93}
    add(lake, "duplicates", {"rollout_id": "a2"} | pair)
    trace = read_trace(lake, "a1", "r")
    assert trace
    return trace


def test_each_filter_finds_what_it_says_and_all_of_them_together(read_lake: Lake) -> None:
    assert found(read_lake) == ["a1", "a2", "a3", "a4", "g1", "x1"]
    assert found(read_lake, state="rejected") == ["g1", "x1"]
    assert found(read_lake, reason="verification:unreadable") == ["x1"]
    assert found(read_lake, recipe="r", night=NIGHT, state="accepted", id="a") == ["a1", "a2", "a3", "a4"]
    assert found(read_lake, id="g") == ["g1"]
    assert found(read_lake, recipe="other") == []
    assert found(read_lake, teacher="teacher", domain="") == ["a1", "a2", "a3", "a4", "g1", "x1"]


def test_a_rollout_that_no_recipe_decided_on_is_open_and_told_by_its_prompt(review_lake: Lake) -> None:
    new = {"rollout_id": "o1", "prompt_id": "p", "teacher_id": "t", "index": 7, "completion": "2"}
    add(review_lake, "rollouts", new | {"seed": 0, "finish_reason": "stop"})
    assert found(review_lake, state="open") == ["o1"]
    (row,) = find(review_lake, Filters(state="open", source="s")).rows
    assert (row["recipe"], row["verdict"], row["index"]) == (None, None, 7)
    assert row["prompt"].startswith("1 + 1 = ?")


def test_values_come_with_how_often_they_are_within_a_night(read_lake: Lake) -> None:
    counted = values(read_lake, "r", NIGHT)
    assert counted["state"] == [("accepted", 4), ("rejected", 2)]
    assert counted["reason"] == [("verification:unreadable", 1), ("verification:unverified", 1)]
    assert values(read_lake, "other", "")["state"] == []


def test_pages_follow_one_another_and_a_page_beyond_the_last_is_the_last(review_lake: Lake) -> None:
    many = [
        {"rollout_id": f"o{n:03}", "prompt_id": "p", "teacher_id": "t", "index": n, "completion": "2"}
        | {"seed": 0, "finish_reason": "stop"}
        for n in range(PAGE_ROWS + 2)
    ]
    add(review_lake, "rollouts", *many)
    pages = [find(review_lake, Filters(state="open"), number) for number in (1, 2, 99)]
    shown = [(page.number, len(page.rows), page.n_pages) for page in pages]
    assert shown == [(1, PAGE_ROWS, 2), (2, 2, 2), (2, 2, 2)]
    moves = BrowseMoves(review_lake)
    first = moves.load("?tab=browse&state=open")
    last = json.dumps({"page": 1, "n_pages": 2, "rollout": "o024", "ids": look(first).ids})
    typed = ("/", "open", *ANY[1:])
    onward = moves.step(1, last, *typed)
    assert (look(onward).page, look(onward).rollout) == (2, "o025")
    back = moves.step(-1, onward["look"]["value"], *typed)
    assert (look(back).page, look(back).rollout) == (1, "o024")
    end = json.dumps({"page": 2, "n_pages": 2, "rollout": "o026", "ids": look(onward).ids})
    assert set(moves.step(1, end, *typed)) == {"message"}


def test_a_link_opens_what_it_names_and_a_page_without_one_the_latest_night(read_lake: Lake) -> None:
    moves = BrowseMoves(read_lake)
    plain = opened(moves, moves.load(""), PLACE, *ANY)
    assert json.loads(plain["link"]["value"]) == {"recipe": "r", "night": NIGHT, "list": "1", "rollout": "g1"}
    named = moves.load("?tab=browse&rollout=x1&reason=verification%3Aunreadable")
    assert look(named).ids == ("x1",) and "maybe" in opened(moves, named)["trace"]["value"]
    assert named["reason"]["value"] == "verification:unreadable"
    gone = opened(moves, moves.load("?rollout=nowhere"))
    assert "The lake has no rollout nowhere." in gone["trace"]["value"]
    assert set(moves.load("?tab=sql")) == {"message"}
    assert "found" in moves.load("?tab=what")
    assert tuple(title.lower() for title in TABS) == NAMES
    assert moves.load("?list=x")["count"]["value"] == "<p>1–6 of 6</p>"
    odd = moves.load("?state=<b>")
    assert "No rollout is like that" in odd["found"]["value"] and odd["state"]["value"] == "<b>"


def test_another_filter_begins_anew_and_clearing_keeps_the_night(read_lake: Lake) -> None:
    moves = BrowseMoves(read_lake)
    typed = dict(zip(FIELDS, (PLACE, *ANY), strict=True)) | {"state": "rejected", "id": " g "}
    assert look(moves.filter(*typed.values())).ids == ("g1",)
    cleared = moves.clear(*typed.values())
    assert len(look(cleared).ids) == 6 and cleared["id"]["value"] == ""
    assert json.loads(opened(moves, cleared, PLACE, *ANY)["link"]["value"])["night"] == NIGHT
    assert moves.choose("/", *ANY)["state"]["choices"][0] == ("any state", "")
    clicked = moves.open("g1 7", cleared["look"]["value"], PLACE, *ANY)
    assert look(clicked).rollout == "g1" and "Say hello." in clicked["trace"]["value"]
    none = moves.filter(PLACE, *ANY[:-1], "zzz")
    assert opened(moves, none, PLACE, *ANY)["trace"]["value"] == ""


def test_a_tab_that_is_entered_loads_once(read_lake: Lake) -> None:
    moves = BrowseMoves(read_lake)
    assert set(moves.enter("", "")) == {"message"}
    loaded = moves.enter("", "?tab=browse")
    assert look(loaded).page == 1
    assert set(moves.enter(loaded["look"]["value"], "?tab=browse")) == {"message"}


def test_a_lake_without_a_night_and_one_that_cannot_be_read_say_so(tmp_path: Path, review_lake: Lake) -> None:
    assert "holds no night" in BrowseMoves(Lake(tmp_path)).load("")["trace"]["value"]
    for file in Path(review_lake.root).glob("selected/**/*.parquet"):
        file.unlink()
    told = safely(BrowseMoves(review_lake).filter, PLACE, *ANY)
    assert "The lake cannot be read" in told["message"]["value"]


def test_a_chat_is_found_where_no_night_was_made(tmp_path: Path, read_lake: Lake) -> None:
    lake = Lake(tmp_path / "chats")
    row = read_lake.scan("rollouts").head(1).with_columns(index=pl.lit(ids.CHAT_INDEX, pl.Int32))
    lake.append("rollouts", row)
    rollout_id = row.collect()["rollout_id"].item()
    assert look(BrowseMoves(lake).load("?tab=browse")).ids == (rollout_id,)
    told = SqlMoves(lake).load(f"?tab=sql&question=why&rollout_id={rollout_id}")
    assert "makes one" not in told["message"]["value"] and told["table"]["value"]


def test_people_who_look_at_once_do_not_disturb_one_another(read_lake: Lake) -> None:
    wrong: list[object] = []

    def go() -> None:
        for _ in range(3):
            try:
                wrong.extend([1] if find(read_lake, Filters(), 1).n_rows != 6 else [])
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_is_known_of_a_text_is_highlighted_and_the_text_stays_as_it_was_written(read: Trace) -> None:
    page = trace_card(read)
    assert '<mark class="foreign" title="another language: fr">code</mark>' in page
    repeats = [mark for mark in read.marks if mark.kind == "repetition"]
    assert len(repeats) == 100 and page.count('<mark class="repetition"') >= 100
    assert "100 repeated" in page and "<script" not in page and "<img" not in page
    assert "&lt;b&gt;One&lt;/b&gt;" in page and "{{" not in page


def test_marks_that_overlap_are_cut_where_they_meet(read: Trace) -> None:
    marks = [
        Mark(8, 20, "foreign", "fr"),
        Mark(10, 12, "pii", "key"),
        Mark(19, 40, "repetition", "loop_chars"),
    ]
    held = Trace(
        read.shown, read.rollout | {"completion": "<think>\n0123456789abcdefghij"}, marks, [], [], []
    )
    shown = marked(held, 7, 28)
    assert '<mark class="foreign pii" title="another language: fr; personal data: key">23</mark>' in shown
    assert '<mark class="foreign repetition"' in shown
    bare = shown.replace('<div class="text" dir="auto">', "").replace("</div>", "")
    assert "".join(part.split(">")[-1] for part in bare.split("<")) == "0123456789abcdefghij"


def test_a_trace_has_its_attempts_its_twin_side_by_side_and_why(read: Trace) -> None:
    page = trace_card(read)
    assert [row["rollout_id"] for row in read.siblings] == ["a1", "a2", "a3", "a4", "x1"]
    assert page.count('class="chip') == 6 and "chip accepted current" in page
    assert (
        "93.0%" in page
        and '<mark class="own">(1).</mark>' in page
        and '<mark class="own">(2).</mark>' in page
    )
    assert "<h4>verdict of math</h4>" in page and "selection by r" in page


def test_texts_are_compared_word_by_word_unless_that_takes_too_much_memory() -> None:
    assert compared("a <b> c", "a d c") == (
        'a <mark class="own">&lt;b&gt; </mark>c',
        'a <mark class="own">d </mark>c',
    )
    assert compared("w " * 20_000, "v " * 20_000) is None


def test_a_thought_of_100_000_tokens_is_shown_whole(review_lake: Lake) -> None:
    thought = "So <i>on</i> and on. " * 20_000
    completion = f"<think>\n{thought}\n</think>\n\n2"
    offsets = {"thought_start": 7, "thought_end": completion.index("</think>")}
    long = {"rollout_id": "l1", "prompt_id": "p", "teacher_id": "t", "index": 9, "completion": completion}
    offsets["answer_start"] = offsets["thought_end"] + len("</think>")
    add(review_lake, "rollouts", long | offsets | {"seed": 0, "finish_reason": "stop"})
    trace = read_trace(review_lake, "l1")
    assert trace and trace_card(trace).count("So &lt;i&gt;on&lt;/i&gt;") == 20_000
