"""`r1data taught`: from what a student wrote to the rollouts that it trained on."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from r1data import ids
from r1data.lake import Lake
from r1data.train.exports import exports_in
from r1data.train.exports.make import export_folder
from tests.conftest import FAKE, new_home, run_verb
from tests.sql.conftest import RECIPE, night_of_five, publish

WROTE = "<think>\nSo 𝑥 is 天: a.\n</think>\n\n4"


def student(name: str, rows_digest: str, **more: Any) -> dict[str, Any]:
    """A row of table `students`."""
    row = {"student": name, "run_key": f"key of {name}", "base": "embedded:x", "rows_digest": rows_digest}
    row |= {"revision": f"weights of {name}"}
    return row | {"trained_at": datetime(2026, 1, 3, tzinfo=UTC)} | more


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home whose student `small` trained on the two accepted traces of a night, `policy` on prompts,
    `judge` on pairs, and `lost` on rows that are gone; `small` attempted a benchmark item twice, and `twin`
    has the same weights. Read only.
    """
    folder = tmp_path_factory.mktemp("taught")
    recipe = folder / "r.toml"
    recipe.write_text(FAKE.read_text(encoding="utf-8").replace('"fake"', f'"{RECIPE}"', 1), encoding="utf-8")
    environment = new_home(folder) | {"R1DATA_RECIPE": str(recipe)}
    night = night_of_five()
    for trace in night["corpus"]:
        trace["reasoning"] = f"So 𝑥 is 天: {trace['rollout_id']}."
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        publish(Lake(), night)
        for mix, form in (("unfiltered", "trl"), ("rl_prompts", "grpo"), ("preference_pairs", "dpo")):
            assert run_verb("export", "mix", mix, "--as", form, "--keep-pii") == 0
        digests = {export.form: export.rows_digest for export in exports_in(export_folder())}
        students = [
            student("small", digests["trl"]),
            student("policy", digests["grpo"], base="student:small"),
            student("judge", digests["dpo"]),
            student("lost", "gone"),
            student("twin", digests["trl"], revision="weights of small"),
        ]
        attempt = {"student_id": "s1", "student": "small", "run_key": "key of small", "item_id": "i1"}
        attempt |= {"revision": "weights of small"}
        attempts = [attempt | {"index": n, "completion": WROTE.replace("4", str(4 + n))} for n in (0, 1)]
        publish(Lake(), {"students": students, "evaluations": attempts})
    return environment


@pytest.fixture(autouse=True)
def in_trained_home(trained: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb here reads the trained students' home."""
    for name, value in trained.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("given", ["text", "file", "rollout", "item", "attempt"])
def test_an_answer_leads_to_the_traces_that_taught_it_and_to_whose_they_are(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "answer.txt").write_text(WROTE, encoding="utf-8")
    words = {
        "text": [WROTE],
        "file": ["--file", tmp_path / "answer.txt"],
        "rollout": ["--attempt", "a"],
        "item": ["--attempt", "i1:0"],
        "attempt": ["--attempt", ids.rollout_id("i1", "s1", 0)],
    }[given]
    assert run_verb("taught", "small", *words, "--k", 1, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "rollout_id": "a",
        "prompt": "Question p?",
        "containment": 1.0,
        "jaccard": 1.0,
        "n_words": 5,
        "passage": WROTE,
        "teacher": "small",
        "terms": "Apache-2.0",
        "licence": "Apache-2.0",
        "night": "2026-01-01",
    }


def test_attempts_of_equal_weights_are_those_of_either_student(capsys: pytest.CaptureFixture[str]):
    assert run_verb("taught", "twin", "--attempt", "i1:0", "--k", 1, "--json") == 0
    assert json.loads(capsys.readouterr().out)["passage"] == WROTE


def test_people_read_what_is_shared_and_how_to_go_on(capsys: pytest.CaptureFixture[str]):
    assert run_verb("taught", "small", WROTE) == 0
    told = capsys.readouterr().out
    assert "1. a\n   has 100% of the answer's runs of 5 words; Jaccard 1.00\n" in told
    assert "from small, Apache-2.0, 2026-01-01; prompt under Apache-2.0\n   asked: Question p?\n" in told
    assert told.endswith("`r1data why a` tells the story of the first.\n")
    assert run_verb("why", "a") == 0


@pytest.mark.parametrize(
    ("words", "status", "error"),
    [
        (("smal", "4"), 2, "no trained student `smal`; did you mean `small`?"),
        (("lost", "4"), 2, "rows digest gone, is not in"),
        (("lost", "4"), 2, "`r1data train lost` exports its mix again"),
        (("policy", "4"), 2, "so there is no trace that taught it. Ask of its base, student:small"),
        (("policy", "4"), 2, "`r1data taught small`"),
        (("judge", "4"), 2, "a reward model, which writes nothing"),
        (("small", " "), 1, "The answer is empty"),
        (("small",), 2, "Give one of"),
        (("small", "4", "--attempt", "a"), 2, "Give one of"),
        (("small", "--attempt", "zz"), 1, "There is no attempt zz of student small"),
        (("small", "--attempt", "i1:7"), 1, "ITEM_ID:INDEX"),
        (("small", "--attempt", ""), 1, "The id of the attempt is empty"),
        (("small", "--file", "no such file"), 1, "Name another by --file"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(
    words: tuple[str, ...],
    status: int,
    error: str,
    capsys: pytest.CaptureFixture[str],
):
    assert run_verb("taught", *words) == status
    said = capsys.readouterr()
    assert error in said.err and said.err.count("\n") == 1 and not said.out


def test_an_answer_that_no_trace_has_a_word_of_says_so(capsys: pytest.CaptureFixture[str]):
    assert run_verb("taught", "small", "zebra") == 0
    assert "No trace that student small trained on has a word of it." in capsys.readouterr().err
