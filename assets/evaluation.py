"""Group *evaluation*, by student: how it fares beside its base and its teacher, and its model card."""

import logging

import dagster as dg

from assets.metadata import described, markdown, row_count
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from assets.training import latest_night, reward_model, student_grpo, student_sft
from r1data.evaluate import Candidate, evaluate
from r1data.evaluate.asks import asks_of
from r1data.evaluate.items import asked_items
from r1data.evaluate.result import Result, read_result, result_of
from r1data.generate.engine import Engine
from r1data.generate.engines import ENGINES
from r1data.recipe import load_student
from r1data.report.card import write_card
from r1data.report.evaluation import evaluation_section
from r1data.train.student import current_student

log = logging.getLogger("r1data")


@dg.asset(
    partitions_def=STUDENTS,
    deps=[student_sft, student_grpo],
    group_name="evaluation",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("evaluations"),
)
def evaluations(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Attempts of the student, its base and the night's teacher at the benchmark, by R1's protocol, and at
    the sets of side effects; what others were asked before is not asked again.
    """
    opened, read = lake.open(), recipe.read()
    student = load_student(context.partition_key)
    trained = current_student(opened.scan("students"), student.name)
    night = latest_night(opened, read.name)
    asks = asks_of(student, trained, read.generate)
    items = asked_items(opened.scan("benchmarks"), read, asks)
    log.info("evaluations … %s on %s", ", ".join(asks.models), asks.how.benchmark)

    def start(candidate: Candidate, context_tokens: int) -> Engine:
        generate = read.generate.model_copy(update={"context_tokens": context_tokens})
        return ENGINES[candidate.engine](generate, candidate.model)

    made = evaluate(
        items,
        list(asks),
        verify=read.verify,
        night=night,
        lake=opened.root,
        stored=lambda: opened.scan("evaluations"),
        start=start,
        publish=lambda frame: opened.append("evaluations", frame, run=context.run.run_id),
    )
    result = read_result(opened.scan("evaluations"), items, asks, trained.export, read)
    _tell(result)
    return dg.MaterializeResult(
        metadata={
            **row_count(sum(one.metrics.n_items * one.metrics.k for one in result.models.values())),
            "made": made,
            "result": markdown(evaluation_section(result)),
            **result.facts(),
        }
    )


@dg.asset(
    partitions_def=STUDENTS,
    deps=[evaluations, reward_model],
    group_name="evaluation",
    kinds={"markdown"},
)
def model_card(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """What the student learnt from, how it was trained, what it gained and what to distrust, as `README.md`
    and `curve.png` beside its weights.
    """
    opened, read = lake.open(), recipe.read()
    student = load_student(context.partition_key)
    trained = current_student(opened.scan("students"), student.name)
    result = None if student.trainer == "reward_model" else result_of(opened, student, read)
    path = write_card(trained, result)
    card = markdown(path.read_text(encoding="utf-8"))
    return dg.MaterializeResult(metadata={"card": card, "path": dg.MetadataValue.path(str(path))})


def _tell(result: Result) -> None:
    told = [f"{part} {one.metrics.pass_at_1.percent()}" for part, one in result.models.items()]
    log.info("evaluations: pass@1 of %s; contaminated %s", ", ".join(told), result.contamination.told())
    for effect in result.side_effects:
        log.info("evaluations: %s %s", effect.name, effect.change.points())
