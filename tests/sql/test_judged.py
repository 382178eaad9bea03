"""What people, rules and the judge said of a small night, as views, mixes and questions tell it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import duckdb
import polars as pl
import pytest

from tests.sql.conftest import judgement, review, rows

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
Ask = Callable[[Connection, str], pl.DataFrame]


def add(connection: Connection, table: str, *values: dict[str, Any]) -> None:
    frame = rows(table, list(values))
    connection.register("added", frame)
    connection.execute(f"insert into {table} by name select * from added")


def decide(connection: Connection, rollout_id: str, verdict: str | None, by: str | None, **more: Any) -> None:
    """What the selection says of a rollout that its verdict alone keeps out of the corpus."""
    said = {"verdict": verdict, "decided_by": by} | more
    values = ", ".join(f"{name} = {'null' if word is None else repr(word)}" for name, word in said.items())
    connection.execute(f"update selected set {values} where rollout_id = '{rollout_id}'")


def chosen(ask: Ask, night: Connection, mix: str) -> list[str]:
    return ask(night, f"mixes/{mix}.sql")["rollout_id"].to_list()


def test_a_trace_tells_who_decided_and_what_each_of_the_others_said(night: Connection) -> None:
    columns = "rollout_id, verdict, decided_by, rule_verdict, judge_verdict, judge_has_vote, human_verdict"
    told = night.execute(f"select {columns} from traces where rollout_id in ('a', 'c', 'd') order by 1")
    assert told.fetchall() == [
        ("a", "right", "rule", "right", None, None, "right"),
        ("c", "wrong", "rule", "wrong", "right", None, "wrong"),
        ("d", "unknown", None, "unknown", None, None, None),
    ]
    decide(night, "c", "right", "judge", judge_has_vote=True, judge_verdict="right")
    reads = "select verdict, decided_by, rule_verdict, judge_has_vote from traces where rollout_id = 'c'"
    assert night.execute(reads).fetchall() == [("right", "judge", "wrong", True)]
    night.execute("update selected set verdict = null, decided_by = null, reward = null")
    of_old = "select verdict, decided_by, reward from traces where rollout_id = 'c'"
    assert night.execute(of_old).fetchall() == [("wrong", "rule", 0.0)]


@pytest.mark.parametrize(
    ("said", "together"),
    [
        ([("one", "right"), ("two", "right")], "right"),
        ([("one", "right"), ("two", "wrong")], "wrong"),
        ([("one", "right"), ("two", "unknown")], "unknown"),
    ],
)
def test_all_rubrics_of_the_newest_judge_count_together(
    night: Connection, said: list[tuple[str, str]], together: str
) -> None:
    night.execute("delete from judgements")
    older = judgement("e", "wrong", judge_id="old", judged_at=datetime(2025, 1, 1, tzinfo=UTC))
    stale = judgement("e", "wrong", rubric="three", reference_version="v0")
    add(night, "judgements", older, stale, *(judgement("e", word, rubric=name) for name, word in said))
    found = night.execute("select judge_verdict from traces where rollout_id = 'e'").fetchall()
    assert found == [(together,)]


def test_the_latest_review_counts_and_an_edit_gives_its_text_to_the_mixes(
    night: Connection, ask: Ask
) -> None:
    edit = review("c", "edit", 2, reasoning="Better.", answer="It is 4")
    add(night, "reviews", edit)
    decide(night, "c", "right", "person")
    mix = ask(night, "mixes/rule_only.sql").filter(rollout_id="c")
    assert mix["completion_tokens"].to_list() == [None]
    texts = night.execute("select reasoning, answer from trace_texts where rollout_id = 'c'").fetchall()
    assert texts == [("Better.", "It is 4")], "what mixes get that return no texts of their own"
    add(night, "reviews", review("c", "reject", 3))
    assert chosen(ask, night, "rule_only") == ["a", "e"]


def test_mixes_differ_in_whom_they_believe_and_in_nothing_else(night: Connection, ask: Ask) -> None:
    night.execute("delete from reviews")
    assert chosen(ask, night, "rule_only") == ["a", "e"]
    assert chosen(ask, night, "union") == ["a", "e"], "the judge of c has no vote"
    decide(night, "c", "wrong", "rule", judge_has_vote=True, judge_verdict="right")
    assert chosen(ask, night, "union") == ["a", "c", "e"]
    assert chosen(ask, night, "intersection") == ["a", "e"], "the rule calls c wrong"
    add(night, "judgements", judgement("a", "wrong"), judgement("e", "right"))
    decide(night, "a", "right", "rule", judge_has_vote=True, judge_verdict="wrong")
    decide(night, "e", "right", "rule", judge_has_vote=True, judge_verdict="right")
    assert chosen(ask, night, "intersection") == ["e"]
    assert chosen(ask, night, "union") == ["a", "c", "e"]
    assert chosen(ask, night, "unfiltered") == ["a", "b", "c", "e"], "d did not finish"
    night.execute("update contamination set contaminated = true where subject_id = 'p'")
    assert chosen(ask, night, "unfiltered") == ["e"]


def test_what_another_judge_said_later_borrows_nobodys_vote(night: Connection, ask: Ask) -> None:
    night.execute("delete from reviews")
    decide(night, "c", "wrong", "rule", judge_has_vote=True, judge_verdict="wrong")
    add(
        night, "judgements", judgement("c", "right", judge_id="z", judged_at=datetime(2026, 6, 1, tzinfo=UTC))
    )
    told = night.execute("select judge_verdict from traces where rollout_id = 'c'")
    assert told.fetchall() == [("right",)], "the newest judge, for comparison"
    assert chosen(ask, night, "union") == ["a", "e"]
    night.execute("update selected set judge_verdict = null")  # a selection of before this column
    assert chosen(ask, night, "union") == ["a", "e"]


def test_no_mix_admits_a_copy_or_what_another_rule_rejects(night: Connection, ask: Ask) -> None:
    night.execute("delete from reviews")
    decide(night, "c", "wrong", "rule", judge_has_vote=True, judge_verdict="right")
    add(night, "duplicates", {"rollout_id": "e", "twin_id": "c", "jaccard": 0.9})
    assert chosen(ask, night, "union") == ["a", "e"], "c is as good as e, which the corpus has"
    night.execute("delete from duplicates")
    night.execute(
        "update selected set reasons = ['verification:different', 'language:mixed_language'] "
        "where rollout_id = 'c'"
    )
    assert chosen(ask, night, "union") == ["a", "e"]


def test_a_mix_goes_by_what_counted_for_its_own_recipe(night: Connection, ask: Ask) -> None:
    """Another recipe was given the prompts, too: with another reference, licence and judge."""
    night.execute("delete from reviews")
    night.execute("insert into selected by name select * replace ('b' as recipe) from selected")
    own = {"prompt_id": "p", "source": "own", "kept": True, "domain": "math", "licence": "CC0-1.0"}
    others = own | {"recipe": "b", "source": "other", "domain": "stem", "licence": "other"}
    add(night, "intake", own | {"night": "2026-01-02"}, others)
    corrected = {"prompt_id": "p", "reference_version": "v2", "reference": "5", "verifier": "math"}
    add(night, "prompt_references", corrected | {"night": "2026-01-03", "recipe": "b"})
    said = {"reference_version": "v2", "verifier": "math", "verifier_version": "math-10"}
    verdicts = [{"rollout_id": "a", "verdict": "wrong"}, {"rollout_id": "c", "verdict": "right"}]
    add(night, "verdicts", *(row | said for row in verdicts))
    for mix in ("rule_only", "unfiltered"):
        rows = ask(night, f"mixes/{mix}.sql").filter(rollout_id="a")
        assert rows.select("domain", "source", "licence").rows() == [("math", "own", "CC0-1.0")], mix
    assert chosen(ask, night, "rule_only") == ["a", "e"]
    newer = {"judge_id": "of b", "reference_version": "", "judged_at": datetime(2026, 2, 1, tzinfo=UTC)}
    add(night, "judgements", judgement("c", "right", **newer))
    night.execute(
        "update selected set judge_has_vote = true, judge_verdict = 'wrong' "
        "where rollout_id = 'c' and recipe = 'r'"
    )
    assert chosen(ask, night, "union") == ["a", "e"], "the judge of r, which has a vote, says wrong"


def test_a_preference_pair_is_the_two_of_a_prompt_that_are_most_alike_in_length(night: Connection) -> None:
    for name, tokens, reason in (
        ("f", 18, "verification:different"),
        ("g", 90, "verification:different"),
        ("h", 20, "readability:repetition"),
    ):
        for table, values in (
            ("rollouts", f"'{name}' as rollout_id, {tokens} as completion_tokens"),
            ("selected", f"'{name}' as rollout_id, ['verification:different', '{reason}'] as reasons"),
            ("verdicts", f"'{name}' as rollout_id"),
        ):
            night.execute(
                f"insert into {table} by name select * replace ({values}) from {table} where rollout_id = 'c'"
            )
    columns = (
        "chosen_id, rejected_id, length_ratio, chosen_tokens, rejected_tokens, chosen_decided_by, "
        "rejected_decided_by"
    )
    pairs = night.execute(f"select {columns} from preference_pairs").fetchall()
    assert pairs == [("a", "f", 0.9, 20, 18, "rule", "rule")]
    night.execute("update corpus set completion_tokens = null")
    assert night.execute("select length_ratio from preference_pairs").fetchall() == [(None,)]
    measured = "'2' as version, '2026-01-01' as night, 30 as thought_chars, 10 as summary_chars"
    night.execute(f"insert into readability by name select rollout_id, {measured} from rollouts")
    night.execute("update readability set thought_chars = 10 where rollout_id = 'a'")
    ratio = night.execute("select chosen_id, length_ratio from preference_pairs").fetchall()
    assert ratio == [("a", 0.5)], "without tokens, measured characters are compared"


@pytest.mark.parametrize(
    ("chosen", "rejected", "told"),
    [
        ("MIT", "MIT", "MIT"),
        ("MIT", "Apache-2.0", "MIT AND Apache-2.0"),
        ("MIT", None, None),
        (None, "MIT", None),
        (None, None, None),
        ("MIT OR X", "secret", "(MIT OR X) AND secret"),
        ("MIT", "secret or x", "MIT AND (secret or x)"),
    ],
)
def test_terms_of_a_pair_allow_no_more_than_those_of_either_side(
    night: Connection, chosen: str | None, rejected: str | None, told: str | None
) -> None:
    night.execute("update corpus set terms = ?", [chosen])
    night.execute("update teachers set terms = ?", [rejected])
    assert night.execute("select terms from preference_pairs").fetchall() == [(told,)]


def test_agreement_is_counted_over_what_both_decided(night: Connection, ask: Ask) -> None:
    table = ask(night, "questions/agreement.sql")
    assert table.select("first", "second", "n", "agreement", "kappa").rows() == [
        ("person", "rule", 2, 1.0, 1.0),
        ("person", "judge", 1, 0.0, 0.0),
        ("rule", "judge", 1, 0.0, 0.0),
    ]
    # The textbook's 50 pairs: 20 both right, 15 both wrong, 5 and 10 apart. κ is 0.4.
    night.execute("delete from judgements")
    night.execute("delete from reviews")
    wanted = [("right", "right")] * 20 + [("right", "wrong")] * 5
    wanted += [("wrong", "right")] * 10 + [("wrong", "wrong")] * 15
    for number, (rule, judge) in enumerate(wanted):
        for source in ("rollouts", "verdicts"):
            values = f"'{number}' as rollout_id" + (f", '{rule}' as verdict" if source == "verdicts" else "")
            night.execute(
                f"insert into {source} by name select * replace ({values}) from {source} "
                "where rollout_id = 'c'"
            )
        add(night, "judgements", judgement(str(number), judge))
    kappa = ask(night, "questions/agreement.sql").select("n", "agreement", "kappa").rows()
    assert kappa == [(50, pytest.approx(0.7), pytest.approx(0.4))]


def test_why_tells_of_every_vote_and_every_review(night: Connection, ask: Ask) -> None:
    night.execute("delete from rollouts where rollout_id = 'a'")
    night.execute("update rollouts set rollout_id = 'a' where rollout_id = 'c'")
    add(night, "judgements", judgement("a", "unknown"))
    story = ask(night, "questions/why.sql")
    (judged,) = story.filter(pl.col("step").str.starts_with("judgement")).rows()
    assert judged[0] == "judgement by reference_match" and judged[1] == "unknown: judged_unknown"
    assert "margin 0.8, vote SAME 0.9, swapped not readable" in judged[2]
    assert "review by ada" in story["step"].to_list()


def test_the_funnel_counts_what_waited_for_a_judge_without_a_vote(night: Connection) -> None:
    night.execute(
        "update selected set reasons = ['verification:judge_has_no_vote'], verdict = 'unknown' "
        "where rollout_id = 'c'"
    )
    told = "select main_reason, n_without_vote from funnel where stage = 'verification'"
    assert night.execute(told).fetchall() == [("judge_has_no_vote", 1)]
    assert night.execute("select sum(n_without_vote) from funnel").fetchone() == (1,)
