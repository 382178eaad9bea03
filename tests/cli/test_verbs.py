"""The verbs that ask, on a finished night of the scripted engine."""

import json
import logging
import os
import subprocess
import sys

import pytest

from r1data import paths
from r1data.cli import main
from tests.conftest import run_verb

NIGHT = "2026-01-02"


@pytest.fixture(autouse=True)
def in_finished_home(finished_home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb here reads the finished night."""
    for name, value in finished_home.items():
        monkeypatch.setenv(name, value)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a verb that succeeds prints on stdout."""
    try:
        main(list(words))
    except SystemExit as end:
        assert not end.code
    return capsys.readouterr().out


def objects(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said(capsys, *words, "--json").splitlines()]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return int(end.value.code or 0), capsys.readouterr().err


def test_what_is_said_is_said_once_however_often_a_process_runs_verbs(capsys):
    for _ in range(2):
        assert run_verb("sql", "select 1 as n") == 0
    logging.getLogger("r1data").info("a word")
    assert capsys.readouterr().err.count("a word") == 1


def test_sql_prints_one_object_per_row(capsys):
    assert objects(capsys, "sql", "select count(*) as n from rollouts") == [{"n": 72}]


def test_sql_runs_a_question_by_name_with_its_parameters(capsys):
    rows = objects(capsys, "sql", "yield_by_family", "-p", "recipe=fake", "-p", f"night={NIGHT}")
    assert [row["family"] for row in rows] == ["add1"]
    assert rows[0]["n_rollouts"] == 72


def test_sql_says_which_parameter_is_missing(capsys):
    status, message = refused(capsys, "sql", "yield_by_family", "-p", "recipe=fake")
    assert status == 1 and "$night" in message


def test_a_question_that_is_not_there_names_the_nearest(capsys):
    status, message = refused(capsys, "sql", "yield_by_famly")
    assert status == 1 and "did you mean `yield_by_family`?" in message and message.count("\n") == 1


def test_a_row_of_more_columns_than_fit_is_told_cell_by_cell(capsys):
    (row,) = objects(capsys, "sql", "select * from traces order by rollout_id limit 1")
    printed = said(capsys, "sql", "select * from traces order by rollout_id limit 1").splitlines()
    assert len(row) > 40 and len(printed) > 40
    assert any(line.split() == ["rollout_id", row["rollout_id"]] for line in printed)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sql", "select 1 where false"), "No rows."),
        (("funnel", "--night", "2026-01-01"), "no selection of night 2026-01-01"),
        (("stale",), "Nothing of recipe fake is out of date."),
        (("lake", "verify"), "Every file is as it was published."),
        (("export", "list"), "There are no exports"),
    ],
)
def test_where_there_is_nothing_people_are_told_so_on_stderr(words: tuple[str, ...], told: str, capsys):
    assert run_verb(*words) == 0
    printed = capsys.readouterr()
    assert printed.out == "" and told in printed.err


def test_a_parameter_without_a_value_is_status_2(capsys):
    status, message = refused(capsys, "sql", "select 1", "-p", "night")
    assert status == 2 and "night=value" in message


def test_a_statement_that_writes_is_refused(capsys):
    status, message = refused(capsys, "sql", "delete from rollouts")
    assert status == 1 and "exactly one SELECT" in message


def test_the_funnel_adds_up_to_the_rollouts(capsys):
    stages = objects(capsys, "funnel", "--night", NIGHT)
    assert stages[0]["entered"] == 72
    assert sum(int(str(stage["dropped"])) for stage in stages) + int(str(stages[-1]["remaining"])) == 72
    assert "verification" in said(capsys, "funnel")
    assert objects(capsys, "funnel", "--night", "2026-01-01") == []


@pytest.mark.parametrize("accepted", [True, False])
def test_why_tells_a_rollout_from_its_prompt_to_its_fate(accepted: bool, capsys):
    query = (
        f"select rollout_id, reasons from selected where accepted = {accepted} order by rollout_id limit 1"
    )
    (row,) = objects(capsys, "sql", query)
    story = {step["step"]: step for step in objects(capsys, "why", str(row["rollout_id"])[:12])}
    assert {"prompt", "reference", "teacher", "rollout", "completion", "verdict of math"} <= set(story)
    fate = story["selection by fake"]
    assert str(fate["finding"]).startswith("accepted" if accepted else "rejected at")
    assert all(reason in str(fate["detail"]) for reason in row["reasons"])


def test_why_of_an_unknown_rollout_says_how_to_list_them(capsys):
    status, message = refused(capsys, "why", "nothing")
    assert status == 1 and "select rollout_id" in message


def test_nothing_is_stale_after_a_night(capsys):
    assert objects(capsys, "stale") == []


def test_the_lake_verbs_tell_rows_versions_and_damage(capsys):
    tables = {row["table"]: row for row in objects(capsys, "lake", "tables")}
    assert tables["rollouts"]["rows"] == 72 and tables["students"]["rows"] == 0
    assert objects(capsys, "lake", "history", "corpus")[0]["operation"] == "WRITE"
    assert objects(capsys, "lake", "verify") == []
    assert said(capsys, "lake", "repair") == ""
    assert said(capsys, "lake", "catalog").strip().endswith("catalog.duckdb")


def test_an_error_is_one_line_without_a_traceback_also_in_a_process_of_its_own():
    command = [sys.executable, "-m", "r1data", "run", "--night", "2999-01-01"]
    done = subprocess.run(command, cwd=paths.PROJECT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("r1data: Night 2999-01-01")
