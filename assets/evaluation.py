"""Group *evaluation*, by student: how it and its base fare on a benchmark, and its model card."""

import logging

import dagster as dg
import polars as pl

from assets.metadata import described, markdown, row_count
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from assets.training import latest_night, student_sft
from r1data.evaluate import Candidate, attempts_of, difference, evaluate, metrics
from r1data.generate.engines import ENGINES
from r1data.generate.models import ModelFolder, resolve
from r1data.lake import Lake
from r1data.recipe import Student, load_student
from r1data.report.card import model_card as written_card
from r1data.train.student import current_student

log = logging.getLogger("r1data")


@dg.asset(
    partitions_def=STUDENTS,
    deps=[student_sft],
    group_name="evaluation",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("evaluations"),
)
def evaluations(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Attempts of the student and of its base at the benchmark, zero-shot by R1's protocol; the base is
    asked once.
    """
    opened, read = lake.open(), recipe.read()
    student = load_student(context.partition_key)
    trained = current_student(opened.scan("students"), student.name)
    base = resolve(student.base, student.revision)
    log.info("evaluations … %s and its base on %s", student.name, student.evaluate.benchmark)
    generate = read.generate.model_copy(update={"context_tokens": student.evaluate.context_tokens})
    night = latest_night(opened, read.name)
    made = evaluate(
        opened.scan("benchmarks").collect(),
        [
            Candidate(student.base, base),
            Candidate(student.name, trained.model, trained.row["run_key"], trained.export),
        ],
        student.evaluate,
        verify=read.verify,
        night=night,
        lake=opened.root,
        stored=opened.scan("evaluations"),
        start=lambda model: ENGINES[generate.engine](generate, model),
        publish=lambda frame: opened.append("evaluations", frame, run=context.run.run_id),
    )
    after, before = _attempts(opened, student, trained.model), _attempts(opened, student, base)
    (mine,), (its_base,), gain = metrics(after), metrics(before), difference(after, before)
    log.info("evaluations: pass@1 %s, before %s", mine.pass_at_1.percent(), its_base.pass_at_1.percent())
    return dg.MaterializeResult(
        metadata={
            **row_count(after.height + before.height),
            "made": made,
            "pass_at_1": mine.pass_at_1.value,
            "pass_at_1_low": mine.pass_at_1.low,
            "pass_at_1_high": mine.pass_at_1.high,
            "base_pass_at_1": its_base.pass_at_1.value,
            "gain": gain.value,
            "gain_low": gain.low,
            "gain_high": gain.high,
            "last_number_right": mine.last_number.value,
            "base_last_number_right": its_base.last_number.value,
            "cap_hit_rate": mine.cap_hit_rate,
        }
    )


@dg.asset(partitions_def=STUDENTS, deps=[evaluations], group_name="evaluation", kinds={"markdown"})
def model_card(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """What the student learnt from, how it was trained and what it gained, as `MODEL_CARD.md` beside its
    weights.
    """
    opened = lake.open()
    student = load_student(context.partition_key)
    trained = current_student(opened.scan("students"), student.name)
    base = resolve(student.base, student.revision)
    text = written_card(
        trained.row,
        _attempts(opened, student, trained.model),
        _attempts(opened, student, base),
        student=student,
        export=trained.export,
    )
    path = trained.model.path.parent / "MODEL_CARD.md"
    path.write_text(text, encoding="utf-8")
    return dg.MaterializeResult(metadata={"card": markdown(text), "path": dg.MetadataValue.path(str(path))})


def _attempts(lake: Lake, student: Student, model: ModelFolder) -> pl.DataFrame:
    return attempts_of(lake.scan("evaluations"), model, student.evaluate).collect()
