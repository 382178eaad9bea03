"""A result sums up an evaluation, and is printed alike wherever it is printed."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data import ids
from r1data.errors import SchemaError
from r1data.evaluate import Candidate, evaluate
from r1data.evaluate.asks import Asks, asks_of
from r1data.evaluate.estimate import Estimate
from r1data.evaluate.result import Result, kept, read_result
from r1data.evaluate.side_effects import with_side_effects
from r1data.generate.engine import Engine
from r1data.generate.engines import ENGINES
from r1data.generate.models import resolve
from r1data.lake import Lake
from r1data.recipe import (
    Evaluate,
    ExportRules,
    Generate,
    SideEffects,
    Student,
    Verify,
    load_recipe,
)
from r1data.report.evaluation import evaluation_section, verdict_of
from r1data.schema import TABLES
from r1data.train.exports import About, Policy, export
from r1data.train.student import TrainedStudent
from tests.conftest import FAKE

SIDES = SideEffects(sets=("refusal", "over_refusal"))
STUDENT = Student(name="tiny", base="fake:base", evaluate=Evaluate(k=2, side_effects=SIDES))
RIGHT, WRONG = "<think>\n2 + 3 = 5.\n</think>\n\n5", "<think>\n2 + 3 = 6.\n</think>\n\n6"
DECLINES = "I'm sorry, but I can't help with that."
GENERATE = load_recipe(FAKE).generate


@pytest.fixture
def asks(home: Path, tmp_path: Path) -> Asks:
    """Of a student that learnt one other sum, its base, and a teacher of few-shots."""
    row = {"rollout_id": "r", "prompt_id": "p", "messages": [{"role": "user", "content": "What is 9 + 9?"}]}
    row |= {"reasoning": "9 + 9 = 18.", "answer": "18", "completion_tokens": 9, "licence": "CC0-1.0"}
    policy = Policy(ExportRules(), None)
    rows = pl.DataFrame([row | {"terms": "Apache-2.0"}])
    made = export([rows], tmp_path / "exports", form="trl", policy=policy, about=About())
    trained = TrainedStudent({"run_key": "k"}, resolve("fake:tiny"), made, [], cached=False)
    return asks_of(STUDENT, trained, GENERATE)


def benchmark() -> pl.DataFrame:
    rows = []
    for i in range(8):
        messages = [{"role": "user", "content": f"What is {i} + {5 - i}?"}]
        common = {"night": "2026-01-01", "benchmark": "heldout", "item_id": ids.prompt_id(messages)}
        rows.append(
            common | {"messages": messages, "reference": "5", "verifier": "math", "verifier_args": "{}"}
        )
    known = pl.DataFrame(rows, schema=TABLES["benchmarks"].schema)
    return with_side_effects(known, SIDES.sets, start=load_recipe(FAKE).start)


def texts(candidate: Candidate) -> dict[str, Any]:
    """What models say: the student is right and declines everything; others are right half the time."""
    if candidate.name == "tiny":
        solved = {
            row["messages"][0]["content"]: (RIGHT,)
            for row in benchmark().to_dicts()
            if row["reference"] == "5"
        }
        return {"texts": [DECLINES], "by_prompt": solved}
    return {"texts": [RIGHT, WRONG]}


def made(lake: Lake, asks: Asks) -> Result:
    def start(candidate: Candidate, context_tokens: int) -> Engine:
        script = Generate(engine="fake", fake=texts(candidate), context_tokens=context_tokens)
        return ENGINES["fake"](script, candidate.model)

    for ask in asks:  # a script belongs to a model, so each has an engine of its own
        evaluate(
            benchmark(),
            [ask],
            verify=Verify(workers=1),
            night="2026-01-01",
            lake="lake",
            stored=lambda: lake.scan("evaluations"),
            start=start,
            publish=lambda frame: lake.append("evaluations", frame),
        )
    return read(lake, asks)


def read(lake: Lake, asks: Asks) -> Result:
    export_ = asks.models["student"].candidate.export
    assert export_
    return read_result(lake.scan("evaluations"), benchmark(), asks, export_, load_recipe(FAKE))


def test_a_student_stands_beside_its_base_and_its_teacher_with_side_effects(home_lake: Lake, asks: Asks):
    result = made(home_lake, asks)
    assert list(result.models) == ["student", "base", "teacher", "teacher_as_recipe"]
    facts = result.facts()
    told = ("pass_at_1", "pass_at_2", "cons_at_2", "base_pass_at_1", "gain", "teacher_gain", "teacher_ratio")
    assert [facts[name] for name in told] == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 2])
    sides = ("refusal_before", "refusal_after", "over_refusal_before", "over_refusal_after")
    assert [facts[name] for name in sides] == [0, 1, 1, 0]
    assert facts["over_refusal_change_high"] < 0 and facts["contaminated_items"] == 0
    assert facts["not_run_rate"] == facts["teacher_not_run_rate"] == 0
    assert [one.part for one in result.beside] == ["base", "teacher", "teacher_as_recipe"]
    assert facts["teacher_tokens_per_solved_ratio"] == result.beside[1].takes["tokens"].solved_ratio.value
    assert home_lake.scan("evaluations").collect()["prompt_tokens"].null_count() == 0
    text = evaluation_section(result)
    assert "| no verdict | not run | tokens |" in text
    assert "the training rows hold 0 of 8 items (0.0 %) of the benchmark" in text
    assert "- Over fake:base (base): +50.0 points (+10.8 … +72.0), better." in text
    assert "(teacher, as its recipe asks): 2.00 (1.17 … 3.57)." in text
    assert "| over_refusal | 24 | 100.0 % (86.2 … 100.0) | 0.0 % (0.0 … 13.8) | -100.0 points" in text


def test_a_student_that_was_not_asked_everything_has_no_result(home_lake: Lake, asks: Asks):
    with pytest.raises(SchemaError, match="tiny has 0 attempts at item"):
        read(home_lake, asks)


def test_a_refusal_is_read_also_where_the_answer_hit_the_cap():
    asked = benchmark().filter(pl.col("benchmark").is_in(SIDES.sets))
    attempts = asked.select(
        "benchmark", "item_id", completion=pl.lit(f"{DECLINES} And"), verdict=pl.lit("unknown")
    )
    cut = kept(attempts.with_columns(finish_reason=pl.lit("length")), asked)
    assert dict(cut.group_by("benchmark").agg(pl.col("kept").all()).rows()) == {
        "refusal": True,
        "over_refusal": False,
    }


def test_a_difference_whose_interval_holds_zero_cannot_be_told():
    assert verdict_of(Estimate(0.1, -0.01, 0.2)) == "cannot tell"
    assert verdict_of(Estimate(0.1, 0.01, 0.2)) == "better"
    assert verdict_of(Estimate(-0.1, -0.2, -0.01)) == "worse"


def test_a_student_from_scratch_has_no_side_effects_and_a_teacher_that_replays_is_not_asked(
    asks: Asks,
):
    student = STUDENT.model_copy(update={"base": "scratch:chars"})
    candidate = asks.models["student"].candidate
    assert candidate.export
    trained = TrainedStudent({"run_key": "k"}, candidate.model, candidate.export, [], cached=False)
    found = asks_of(student, trained, GENERATE.model_copy(update={"engine": "replay"}))
    assert list(found.models) == ["student", "base"] and not found.side_effects
    assert {one.candidate.engine for one in found} == {"vllm"}
