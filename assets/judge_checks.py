"""Blocking checks of the judge: it has a vote, and it was asked all that it is wanted for."""

import dagster as dg
import polars as pl

from assets.resources import LakeResource, RecipeResource
from r1data.judge.stage import unheard, wanted
from r1data.judge.vote import votes
from r1data.recipe import Judge


def _severity(settings: Judge | None) -> dg.AssetCheckSeverity:
    """An error stops the night; a judge that is not required only has no say."""
    required = settings is not None and settings.required
    return dg.AssetCheckSeverity.ERROR if required else dg.AssetCheckSeverity.WARN


@dg.asset_check(asset="judge_calibration", blocking=True)
def judge_has_a_vote(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """The judge agrees with known verdicts as well as the recipe wants, and no attack wins. Without it, its
    judgements are stored and unused; the night stops only if the recipe says so.
    """
    settings = recipe.read().judge
    found = votes(lake.open().scan("calibrations"), settings)
    lacking = found.filter(~pl.col("has_vote"))
    said = [
        f"{rubric}, domain {domain}: {'; '.join(faults)}."
        for rubric, domain, faults in lacking.select("rubric", "domain", "faults").iter_rows()
    ]
    return dg.AssetCheckResult(
        passed=not said,
        severity=_severity(settings),
        description=" ".join(said) or ("The judge has a vote." if settings else "The recipe has no judge."),
        metadata={"without_vote": lacking.height, "with_vote": found.height - lacking.height},
    )


@dg.asset_check(asset="judgements", blocking=True)
def everything_wanted_is_judged(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Nothing that the recipe wants to ask the judge of this night is left; what got no reply is asked by the
    next run, and stops the night only if the judge is required. So does then what is asked without a vote.
    """
    own, left, unused = recipe.read(), 0, ""
    if own.judge is not None:
        night = context.run.tags["dagster/partition"]
        left = wanted(lake.open(), night, own).select(pl.len()).collect().item()
        if own.judge.required:
            lacking = unheard(lake.open(), night, own).iter_rows()
            unused = ", ".join(f"{rubric} in domain {domain} ({n})" for rubric, domain, n in lacking)
    said = [f"{left} judgements are not stored. Materialise `judgements` again."]
    if unused:
        said.append(f"The judge is required and has no vote by {unused}. Calibrate it on such rows.")
    return dg.AssetCheckResult(
        passed=left == 0 and not unused,
        severity=_severity(own.judge),
        description=" ".join(said),
        metadata={"amiss": left},
    )
