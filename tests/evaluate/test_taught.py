"""Who taught a student a text: the traces of its export that have most of it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.errors import InputError
from r1data.evaluate.taught import BATCH_ROWS, nearest
from tests.curate.dedup import reference

SAID = "<think>\nTom has 3 apples and buys 4 more, so he has 7 apples.\n</think>\n\n7"


def traces(folder: Path, *completions: str) -> Path:
    """An export's rows, named by their place."""
    path = folder / "train.jsonl"
    rows = (
        {
            "rollout_id": str(place),
            "prompt": [{"role": "user", "content": f"Question {place}?"}],
            "completion": [{"role": "assistant", "content": completion}],
        }
        for place, completion in enumerate(completions)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_trace_that_was_copied_comes_first_with_the_passage_that_both_have(tmp_path: Path):
    rows = traces(
        tmp_path,
        "<think>\nNothing of it stands here at all.\n</think>\n\nno",
        "<think>\nTom has 3 apples and buys 9 more, so he has 12 apples.\n</think>\n\n12",
        f"{SAID} And that is all that there is to say.",
        SAID,
    )
    found = nearest(SAID, rows)
    assert [near.rollout_id for near in found] == ["3", "2", "1"]
    assert [near.containment for near in found[:2]] == [1.0, 1.0] and found[2].containment < 0.5
    assert found[0].jaccard == 1.0 > found[1].jaccard > found[2].jaccard > 0
    assert found[2].passage == "<think>\nTom has 3 apples and buys"
    assert (found[0].prompt, found[0].n_words) == ("Question 3?", 5)


def test_an_answer_too_short_for_runs_of_five_words_is_compared_by_shorter_ones(tmp_path: Path):
    rows = traces(tmp_path, "<think>\n3 + 4 = 7.\n</think>\n\n7", "<think>\n9 + 9 = 18.\n</think>\n\n18")
    (near,) = nearest("3 + 4", rows)
    assert (near.rollout_id, near.n_words, near.containment) == ("0", 3, 1.0)
    assert [(near.rollout_id, near.n_words) for near in nearest("18", rows)] == [("1", 1)]
    assert nearest("zebra", rows) == []


def test_runs_of_five_words_that_no_trace_has_give_way_to_shorter_ones(tmp_path: Path):
    rows = traces(tmp_path, "a b c x y z", "a b x c")
    (near,) = nearest("q a b c q q q q", rows)
    assert (near.rollout_id, near.n_words, near.passage) == ("0", 3, "a b c")


def test_the_last_batch_is_read_like_the_first_and_equals_keep_the_order_of_the_file(tmp_path: Path):
    n = 2 * BATCH_ROWS + 1
    rows = traces(tmp_path, *(SAID if place in (1, n - 1) else f"Row {place}." for place in range(n)))
    assert [near.rollout_id for near in nearest(SAID, rows, k=2)] == ["1", str(n - 1)]
    assert [near.rollout_id for near in nearest(SAID, rows, k=1)] == ["1"]


def test_a_long_repetitive_answer_is_compared_in_time(tmp_path: Path):
    rows = traces(tmp_path, "wait no " * 9_000 + "but " + "wait no " * 9_000, "wait " * 20_000)
    (near,) = nearest("so " + "no wait " * 10_000, rows)
    assert (near.rollout_id, len(near.passage.split())) == ("0", 18_000)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_answer_without_words_is_refused(tmp_path: Path, text: str):
    with pytest.raises(InputError, match="The answer is empty"):
        nearest(text, traces(tmp_path, SAID))


WORDS = st.lists(st.sampled_from(["a", "b", "c", "天", "地"]), min_size=5, max_size=30).map(" ".join)


@settings(max_examples=50)
@given(said=WORDS, theirs=st.lists(WORDS, min_size=1, max_size=6))
def test_similarities_are_exactly_those_of_the_sets_of_shingles(
    tmp_path_factory: pytest.TempPathFactory, said: str, theirs: list[str]
):
    rows = traces(tmp_path_factory.mktemp("rows"), *theirs)
    mine = reference.shingles(said)
    expected = []
    for place, trace in enumerate(theirs):
        other = reference.shingles(trace)
        shared = len(mine & other)
        expected.append((-shared, -shared / len(mine | other), str(place)))
    expected = sorted(one for one in expected if one[0])[:3]
    found = [near for near in nearest(said, rows, k=3) if near.n_words == 5]
    assert [(-near.containment * len(mine), -near.jaccard, near.rollout_id) for near in found] == [
        (pytest.approx(shared), pytest.approx(jaccard), place) for shared, jaccard, place in expected
    ]
