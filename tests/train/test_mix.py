"""Mixes over a lake on disk: what each chooses, their parameters, and what is refused."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.errors import ConfigError, QueryError, R1DataError
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.train.mix import MixRows, load_mix, mix_names, mix_of, open_mix, reads
from r1data.train.preview import diff, preview
from tests.kept import Kept
from tests.sql.conftest import RECIPE, night_of_five, publish, review

OF_TRACES = "select * from corpus where recipe = $recipe"


@pytest.fixture(scope="module")
def unreviewed(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The night without reviews."""
    lake = Lake(tmp_path_factory.mktemp("unreviewed") / "lake")
    publish(lake, {table: values for table, values in night_of_five().items() if table != "reviews"})
    return Kept(Path(lake.root))


@pytest.fixture
def lake(unreviewed: Kept) -> Lake:
    """The same as `stored` without reviews, for a test to change."""
    return unreviewed.put_back()


def given_by(lake: Lake, name: str, **given: Any) -> list[str]:
    """Keys of a mix's rows, in training order."""
    with open_mix(lake, load_mix(name), recipe=RECIPE, given=given) as opened:
        return [key for batch in opened.batches for key in batch[opened.kind.key]]


def text(sql: str) -> Any:
    return mix_of("mine", sql)


def test_mixes_of_the_issue_are_files() -> None:
    named = {"r1", "strict", "union", "unfiltered", "shortest_correct", "hard_only", "one_per_prompt"}
    assert named <= set(mix_names())


@dataclass(frozen=True)
class Streamed:
    """What a mix gave, and its batches read out."""

    opened: MixRows
    batches: list[pl.DataFrame]

    @property
    def keys(self) -> list[str]:
        return [key for batch in self.batches for key in batch[self.opened.kind.key]]


@cache
def streamed(lake: Lake, name: str) -> Streamed:
    """A mix of a lake that no test changes, streamed once."""
    with open_mix(lake, load_mix(name), recipe=RECIPE) as opened:
        return Streamed(opened, list(opened.batches))


@pytest.mark.parametrize("name", mix_names())
def test_every_mix_streams_the_columns_of_its_kind_with_their_types(stored: Lake, name: str) -> None:
    opened, batches = streamed(stored, name).opened, streamed(stored, name).batches
    assert opened.columns == list(opened.kind.columns)
    assert sum(batch.height for batch in batches) == opened.n_rows
    for batch in batches:
        assert dict(batch.schema) == dict(opened.kind.columns)


@pytest.mark.parametrize("name", mix_names())
def test_a_preview_counts_what_a_mix_gives(stored: Lake, name: str) -> None:
    told = preview(stored, load_mix(name), recipe=RECIPE)
    given = streamed(stored, name).keys
    assert told.n_rows == len(given) == told.sources["n_rows"].sum() == told.licences["n_rows"].sum()
    assert told.first == given[:5]


def test_each_mix_chooses_what_its_question_says(stored: Lake) -> None:
    chosen = {name: streamed(stored, name).keys for name in mix_names()}
    assert chosen == {
        "answers_only": ["a", "e"],
        "cold_start": ["z"],
        "hard_only": [],
        "intersection": ["a", "e"],
        "one_per_prompt": ["a", "e"],
        "preference_pairs": ["a"],
        "preferred": [],
        "r1": ["a", "e"],
        "rl_prompts": ["p"],
        "rule_only": ["a", "e"],
        "shortest_correct": ["a", "e"],
        "strict": [],
        "unfiltered": ["a", "b", "c", "e"],
        "union": ["a", "e"],
    }


def accepted(lake: Lake, *more: dict[str, Any]) -> None:
    """The corpus: trace a, and traces like it with other values."""
    first = night_of_five()["corpus"][0]
    publish(lake, {"corpus": [first, *(first | row for row in more)]})


def test_shortest_correct_keeps_the_shortest_of_each_prompt_and_keep_says_how_many(lake: Lake) -> None:
    accepted(
        lake,
        {"rollout_id": "f", "completion_tokens": 5},
        {"rollout_id": "g", "completion_tokens": 99},
        {"rollout_id": "h", "prompt_id": "q", "completion_tokens": 99},
    )
    assert given_by(lake, "shortest_correct") == ["a", "f", "h"]
    assert given_by(lake, "shortest_correct", keep="3") == ["a", "f", "g", "h"]
    assert given_by(lake, "one_per_prompt") == ["f", "h"]


def test_hard_only_takes_prompts_that_are_solved_sometimes_but_not_too_often(lake: Lake) -> None:
    accepted(
        lake,
        *({"rollout_id": name, "pass_rate": rate} for name, rate in (("f", 0.0), ("g", 0.5), ("h", 1.0))),
    )
    assert given_by(lake, "hard_only") == ["g"]
    assert given_by(lake, "hard_only", max_pass_rate=0.99) == ["a", "g"]


def test_strict_leaves_out_what_a_judge_doubts_and_what_reads_badly(lake: Lake) -> None:
    fine = {"repetition": 0.1, "longest_paragraph_chars": 100, "n_code_blocks": 0, "summary_chars": 1}
    facts = [{"rollout_id": name, "version": "2"} | fine for name in "ae"]
    publish(lake, {"readability": [facts[0], facts[1] | {"n_code_blocks": 1}]})
    assert given_by(lake, "strict") == ["a"]
    assert given_by(lake, "strict", max_code_blocks=1) == ["a", "e"]
    marked = night_of_five()["selected"]
    doubted = {"judge_verdict": "wrong", "judge_has_vote": True}
    publish(lake, {"selected": [marked[0] | doubted, *marked[1:]]})
    assert given_by(lake, "strict", max_code_blocks=1) == ["e"]
    assert given_by(lake, "rule_only") == ["a", "e"]


def test_r1_is_three_reasoning_traces_to_one_general_unless_told_otherwise(lake: Lake) -> None:
    accepted(
        lake,
        *({"rollout_id": f"m{i}"} for i in range(9)),
        *({"rollout_id": f"g{i}", "domain": "general"} for i in range(2)),
    )
    kinds = [name[0] == "g" for name in given_by(lake, "r1")]
    assert (kinds.count(True), kinds.count(False)) == (2, 6)
    assert len(given_by(lake, "r1", reasoning_per_general=0)) == 12
    assert len(given_by(lake, "shortest_correct", keep=99, reasoning_per_general=1)) == 4


def test_unfiltered_takes_wrong_ones_but_none_without_thought_or_summary(lake: Lake) -> None:
    wrong = {"rollout_id": "c", "version": "2", "thought_chars": 0, "summary_chars": 1}
    publish(lake, {"readability": [wrong]})
    assert given_by(lake, "unfiltered") == ["a", "b", "e"]


def test_rl_prompts_rest_on_enough_attempts_and_are_never_in_a_benchmark(lake: Lake) -> None:
    assert given_by(lake, "rl_prompts") == ["p"]
    assert given_by(lake, "rl_prompts", min_decided=4) == []
    leaked = {"subject": "prompt", "subject_id": "p", "version": "2", "contaminated": True}
    publish(lake, {"contamination": [leaked]})
    assert given_by(lake, "rl_prompts") == []


def test_rl_prompts_go_by_the_teacher_that_was_asked_most_though_another_solves_them_sometimes(
    lake: Lake,
) -> None:
    night = night_of_five()
    rollout = night["rollouts"][0]
    verdict = next(row for row in night["verdicts"] if row["verdict"] == "right")
    names = [f"sure{n}" for n in range(16)]
    sure = [rollout | {"rollout_id": name, "teacher_id": "u", "index": n} for n, name in enumerate(names)]
    publish(
        lake,
        {
            "teachers": [night["teachers"][0] | {"teacher_id": "u", "name": "large"}],
            "rollouts": sure,
            "verdicts": [verdict | {"rollout_id": name} for name in names],
        },
    )
    assert given_by(lake, "rl_prompts") == []
    assert given_by(lake, "rl_prompts", teacher="large") == []
    assert given_by(lake, "rl_prompts", teacher="small") == ["p"]


def test_a_pair_names_the_terms_of_both_its_teachers(lake: Lake) -> None:
    publish(lake, {"corpus": [night_of_five()["corpus"][0] | {"terms": "MIT"}]})
    with open_mix(lake, load_mix("preference_pairs"), recipe=RECIPE) as opened:
        (pair,) = pl.concat(opened.batches).to_dicts()
    assert (pair["chosen_id"], pair["rejected_id"]) == ("a", "c")
    assert pair["terms"] == "MIT AND Apache-2.0"
    assert given_by(lake, "preference_pairs", min_length_ratio=0.9) == []


def test_texts_of_both_sides_of_a_pair_are_those_that_people_edited(lake: Lake) -> None:
    edit = review("c", "edit", 2, reasoning="Worse.\n", answer="It is 9", reviewed_at=datetime.now(UTC))
    pairs = load_mix("preference_pairs")
    with open_mix(lake, pairs, recipe=RECIPE, given={"weights": {"templates": 2}}) as opened:
        told = pl.concat(opened.batches)
    assert told["chosen_id"].to_list() == ["a", "a"]
    view = fetch(lake, "select * from preference_pairs").select(told.columns)
    assert told[:1].to_dicts() == view.to_dicts() and told["chosen_answer"][0] == "4"
    publish(lake, {"reviews": [edit]})
    assert given_by(lake, "preference_pairs") == [], "what a person wrote anew is right"


def test_a_mix_of_chance_is_refused_where_it_gives_other_rows_for_its_texts(lake: Lake) -> None:
    traces = [{"rollout_id": f"f{i}"} for i in range(200)]
    accepted(lake, *traces)
    with (
        pytest.raises(QueryError, match="draws by chance"),
        open_mix(lake, text(f"{OF_TRACES} and random() < 0.5"), recipe=RECIPE) as opened,
    ):
        list(opened.batches)


def test_easy_first_follows_the_curriculum(stored: Lake) -> None:
    assert given_by(stored, "r1", order="easy_first") == ["e", "a"], "q was always solved, p was not"
    assert "thresholds" not in reads(load_mix("r1"), recipe=RECIPE)
    assert "intake" in reads(load_mix("r1"), recipe=RECIPE, given={"order": "easy_first"})


def test_weights_and_caps_are_options_of_every_mix(stored: Lake) -> None:
    assert given_by(stored, "union", weights='{"templates": 2}') == ["a", "e", "a", "e"]
    assert len(given_by(stored, "unfiltered", caps={"templates": 3})) == 3


def test_reads_goes_through_views(stored: Lake) -> None:
    assert reads(load_mix("r1"), recipe=RECIPE) == ("corpus",)
    narrow = text(OF_TRACES.replace("*", "* exclude (messages, reasoning, answer)"))
    for mix, tables in ((load_mix("r1"), {"corpus"}), (narrow, {"corpus", "prompts", "reviews", "rollouts"})):
        with open_mix(stored, mix, recipe=RECIPE) as opened:
            assert set(opened.reads) == tables
            assert pl.concat(opened.batches)["answer"].to_list() == ["4", "4"]
    assert {"selected", "duplicates", "judgements", "reviews"} <= set(reads(load_mix("union"), recipe=RECIPE))


def test_an_edit_by_a_person_reaches_mixes_of_fluent_traces(lake: Lake) -> None:
    edit = review("a", "edit", 2, reasoning="Better.", answer="It is 4", reviewed_at=datetime.now(UTC))
    publish(lake, {"reviews": [edit]})
    with open_mix(lake, load_mix("union"), recipe=RECIPE) as opened:
        told = pl.concat(opened.batches).filter(rollout_id="a")
    assert told.select("reasoning", "answer", "completion_tokens").rows() == [("Better.", "It is 4", None)]


def test_a_mix_without_rows_has_no_batches_and_a_preview_of_nothing(stored: Lake) -> None:
    mix = load_mix("r1")
    with open_mix(stored, mix, recipe="nobody") as opened:
        assert (opened.n_rows, list(opened.batches)) == (0, [])
    told = preview(stored, mix, recipe="nobody")
    assert (told.n_rows, told.completion_tokens, told.sources.height, told.first) == (0, None, 0, [])


def test_a_diff_tells_rows_of_one_alone_and_why_the_selection_left_them_out(stored: Lake) -> None:
    told = diff(stored, load_mix("union"), load_mix("unfiltered"), recipe=RECIPE)
    assert told.select("given_by", "selected_as", "n_rows", "completion_tokens").rows() == [
        ("only unfiltered", "duplicates:near_duplicate", 1, 30),
        ("only unfiltered", "verification:different", 1, 10),
        ("both", "accepted", 2, 45),
    ]
    fewer = diff(stored, load_mix("r1"), load_mix("r1"), recipe=RECIPE, given={"caps": {"templates": 1}})
    assert fewer.select("given_by", "n_rows").rows() == [("only r1", 1), ("both", 1)]
    with pytest.raises(ConfigError, match="no row in common"):
        diff(stored, load_mix("r1"), load_mix("rl_prompts"), recipe=RECIPE)


def test_a_lake_without_a_night_has_no_mixes(tmp_path: Path) -> None:
    with pytest.raises(R1DataError, match="no catalog yet"):
        preview(Lake(tmp_path / "none"), load_mix("r1"), recipe=RECIPE)
