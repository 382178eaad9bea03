"""An ablation says which mix wins, and says so only when it can tell."""

from collections.abc import Callable
from typing import TypeAlias

import duckdb
import polars as pl
import pytest

from r1data.evaluate.estimate import difference, ratio
from tests.sql.conftest import ablation, catalog, rows

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
Ask = Callable[[Connection, str], pl.DataFrame]
WINS = "questions/which_mix_wins.sql"


def verdicts(ask: Ask, rates: dict[str, list[float]], unequal: str | None = None) -> dict[str, str]:
    tables = ablation(rates)
    for row in tables["students"]:
        row["n_rows"] += row["mix_name"] == unequal
    with catalog(tables) as connection:
        return dict(ask(connection, WINS).select("mix_name", "verdict").rows())


def test_a_mix_wins_when_all_others_are_behind(ask: Ask) -> None:
    assert verdicts(ask, {"a": [0.8, 0.9, 0.9], "b": [0.3, 0.4, 0.4], "c": [0.1, 0.2, 0.2]}) == {
        "a": "wins",
        "b": "behind",
        "c": "behind",
    }


def test_one_rival_that_may_be_as_good_leaves_the_best_without_a_win(ask: Ask) -> None:
    assert verdicts(ask, {"a": [0.8, 0.9, 0.9], "b": [0.6, 0.9, 0.9], "c": [0.1, 0.2, 0.2]}) == {
        "a": "cannot tell",
        "b": "cannot tell",
        "c": "behind",
    }


def test_mixes_that_are_alike_to_the_last_item_cannot_be_told_apart(ask: Ask) -> None:
    assert set(verdicts(ask, {"a": [1, 1, 1], "b": [1, 1, 1]}).values()) == {"cannot tell"}


def test_two_seeds_are_too_few_and_unequal_budgets_do_not_compare(ask: Ask) -> None:
    few = verdicts(ask, {"a": [0.9, 0.9, 0.9], "b": [0.1, 0.1]})
    assert set(few.values()) == {"cannot tell: fewer than 3 seeds"}
    unequal = verdicts(ask, {"a": [0.9, 0.9, 0.9], "b": [0.1, 0.1, 0.1]}, unequal="b")
    assert set(unequal.values()) == {"cannot tell: not equally many rows"}


def test_intervals_are_those_of_student_and_welch(ask: Ask) -> None:
    from scipy import stats

    a, b = [0.9, 0.7, 0.8, 0.9], [0.3, 0.6, 0.1]
    with catalog(ablation({"a": a, "b": b})) as connection:
        best, other = ask(connection, WINS).to_dicts()
    mean = stats.t.interval(0.95, 3, sum(a) / 4, stats.sem(a))
    assert (best["pass_at_1_low"], best["pass_at_1_high"]) == pytest.approx(mean, abs=1e-3)
    welch = stats.ttest_ind(b, a, equal_var=False)
    assert other["to_best"] == pytest.approx(sum(b) / 3 - sum(a) / 4)
    # Degrees of freedom are rounded down, so the interval is at least as wide.
    low, high = welch.confidence_interval(0.95)
    assert other["to_best_low"] <= low and other["to_best_high"] >= high
    assert other["to_best_high"] - other["to_best_low"] < 1.5 * (high - low)


def test_a_student_is_only_counted_as_it_was_trained_last(ask: Ask) -> None:
    tables = ablation({"a": [0.9, 0.9, 0.9], "b": [0.1, 0.1, 0.1]})
    older = [
        row | {"run_key": "older", "trained_at": row["trained_at"].replace(year=2025)}
        for row in tables["students"]
    ]
    tables["evaluations"] += [
        row | {"run_key": "older", "solved": False} for row in tables["evaluations"][10:]
    ]
    with catalog(tables | {"students": tables["students"] + older}) as connection:
        assert dict(ask(connection, WINS).select("mix_name", "verdict").rows()) == {
            "a": "wins",
            "b": "behind",
        }


def test_a_student_stands_beside_its_teacher_as_the_library_says(ask: Ask) -> None:
    tables = ablation({"a": [0.6]})
    attempts = rows("evaluations", tables["evaluations"])
    teacher, student = attempts[:10], attempts[10:]
    with catalog(tables) as connection:
        [told] = ask(connection, "questions/student_against_teacher.sql").to_dicts()
    gain, share = difference(student, teacher), ratio(student, teacher)
    assert share
    assert (told["other"], told["asked_alike"], told["n_items"]) == ("teacher", True, 10)
    assert [told[name] for name in ("gain", "gain_low", "gain_high")] == pytest.approx(
        [gain.value, gain.low, gain.high]
    )
    assert [told[name] for name in ("ratio", "ratio_low", "ratio_high")] == pytest.approx(
        [share.value, share.low, share.high]
    )


def test_mixes_that_made_equal_weights_share_the_attempts_that_are_stored_once(ask: Ask) -> None:
    tables = ablation({"a": [0.9, 0.8, 0.9], "b": [0.9, 0.8, 0.9]})
    for row in tables["students"]:
        row["revision"] = row["revision"].replace("-b-", "-a-")
    tables["evaluations"] = [row for row in tables["evaluations"] if "-b-" not in row["student"]]
    with catalog(tables) as connection:
        assert dict(ask(connection, WINS).select("mix_name", "verdict").rows()) == {
            "a": "cannot tell",
            "b": "cannot tell",
        }
        beside = ask(connection, "questions/student_against_teacher.sql")
    assert beside["student"].to_list() == [f"tiny-{mix}-s{seed}" for mix in "ab" for seed in range(3)]


def test_other_items_or_more_attempts_of_one_mix_do_not_compare(ask: Ask) -> None:
    tables = ablation({"a": [0.9, 0.9, 0.9], "b": [0.1, 0.1, 0.1]})
    *others, last = tables["evaluations"]
    for changed, said in (
        ([], "cannot tell: not the same items"),
        ([last | {"item_id": "another"}], "cannot tell: not the same items"),
        ([last, last | {"index": 1}], "cannot tell: not equally many attempts"),
    ):
        with catalog(tables | {"evaluations": others + changed}) as connection:
            assert set(ask(connection, WINS)["verdict"]) == {said}


def test_a_student_is_not_set_beside_its_own_weights(ask: Ask) -> None:
    tables = ablation({"a": [0.6]})
    for row in tables["evaluations"][10:]:
        row |= {"run_key": None, "student": "student:tiny-a-s0"}  # asked as the base of another
    with catalog(tables) as connection:
        told = ask(connection, "questions/student_against_teacher.sql")
    assert told.select("student", "other").rows() == [("tiny-a-s0", "teacher")]
