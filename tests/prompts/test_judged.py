"""Prompts that a judge decides: a reference is optional, and what they are judged by stands in their rows."""

from datetime import UTC, date, datetime

import orjson
import polars as pl
import pytest

from r1data.errors import InputError
from r1data.prompts.files import files
from r1data.prompts.intake import changed, references
from r1data.prompts.quality import COPY, doubt, doubts
from r1data.prompts.question import Question, frame, user
from r1data.recipe import PromptSource, Recipe
from r1data.schema import TABLES

NIGHT = "2026-01-02"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
NONE = pl.DataFrame(schema=dict.fromkeys(COPY, pl.String))


def asked(path, rows):
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    columns = {"prompt": "q", "verifier_args": "v"}
    source = PromptSource(name="f", source="files", path=str(path), columns=columns, verifier="judge")
    return list(files(source, night=date(2026, 1, 2), start=date(2026, 1, 1)))


def test_arguments_that_a_judge_does_not_know_are_named_by_their_row(tmp_path):
    rows = [{"q": "Hi", "v": {"rubrics": ["writing"]}}, {"q": "Who are you?", "v": {"rubrics": ["witing"]}}]
    with pytest.raises(InputError, match=r"line 2: `v` \(our `verifier_args`\) names no rubric.*`writing`"):
        asked(tmp_path / "a.jsonl", rows)
    (question,) = asked(tmp_path / "b.jsonl", rows[:1])
    assert (question.reference, question.verifier_args) == (None, {"rubrics": ["writing"]})


def test_what_a_judge_decides_needs_no_reference_and_copies_may_disagree():
    assert doubt("Write a poem.", None, "judge") is None
    copies = [
        Question(messages=user("Write a poem."), reference=text, verifier="judge", origin="f")
        for text in (None, "Roses are red.", "Violets are blue.")
    ]
    assert doubts(frame(copies, "s"), NONE).is_empty()
    recipe = Recipe(name="r", start=date(2026, 1, 1), prompts=[PromptSource(name="s", source="templates")])
    named = references(frame(copies, "s").lazy(), night=NIGHT, added_at=NOW, recipe=recipe.name)
    rows = changed(
        named,
        doubts(frame(copies, "s"), NONE),
        TABLES["prompt_references"].empty().lazy(),
        recipe=recipe,
        night=NIGHT,
    )
    assert rows.select("reference", "quality").rows() == [("Roses are red.", None)]
