"""Group *rejection*, where no rule decides: what a model says, and how far it may be believed."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown, picture
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.judge.calibration import calibrate
from r1data.judge.stage import judge_rollouts
from r1data.judge.vote import latest, own, votes, votes_markdown
from r1data.report.plots import intervals


@dg.asset(
    partitions_def=NIGHTS,
    group_name="rejection",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("calibrations"),
)
def judge_calibration(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """How well the judge agrees with known verdicts, and whether an attack wins; only new rows are asked."""
    stage = Stage(context, lake, recipe)
    settings = stage.recipe.judge
    if settings is None:
        return _none(stage, "calibrations")
    asked = calibrate(stage, settings, night=stage.night, now=datetime.now(UTC))
    known = latest(own(stage.scan("calibrations"), settings)).collect()
    found = votes(stage.scan("calibrations"), settings)
    known = known.join(found, on=["rubric_version", "domain"], how="semi").sort("rubric", "domain")
    return stage.report(
        "calibrations",
        asked_rows=asked,
        has_vote=bool(found.height and found["has_vote"].all()),
        votes=markdown(votes_markdown(found, known)),
        agreement=_picture(known),
        **_kappas(known),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["verdicts", "judge_calibration"],
    group_name="rejection",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("judgements"),
)
def judgements(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """What the judge says of rollouts that no rule decides; it counts if the judge has a vote."""
    stage = Stage(context, lake, recipe)
    if stage.recipe.judge is None:
        return _none(stage, "judgements")
    judge_rollouts(stage, stage.night, stage.recipe)
    held = stage.scan("judgements", stage.night).collect()
    return stage.report(
        "judgements", **counts(held, "verdict", "judged_"), **counts(held, "reason", "reason_")
    )


def _none(stage: Stage, table: str) -> dg.MaterializeResult:
    return stage.report(table, said=f"Recipe {stage.recipe.name} has no section [judge].")


def _kappas(known: pl.DataFrame) -> dict[str, Any]:
    """κ by rubric and domain, where it is defined."""
    rows = known.select("rubric", "domain", "kappa").iter_rows()
    return {f"kappa_{rubric}_{domain}": kappa for rubric, domain, kappa in rows}


def _picture(known: pl.DataFrame) -> dg.MetadataValue | None:
    defined = known.drop_nulls("kappa")
    if defined.is_empty():
        return None
    names = (defined["rubric"] + " " + defined["domain"]).to_list()
    rows = zip(names, *(defined[name] for name in ("kappa", "kappa_low", "kappa_high")), strict=True)
    drawn = intervals(list(rows), title="Agreement with known verdicts", unit="Cohen's κ")
    return picture(drawn, "Cohen's κ by rubric and domain")
