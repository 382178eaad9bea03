"""The judge in a night: what its check says, and when it stops the night."""

import json
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.judge import judge_calibration, judgements
from assets.judge_checks import everything_wanted_is_judged, judge_has_a_vote
from assets.resources import LakeResource, RecipeResource
from r1data.lake import Lake
from r1data.recipe import Judge
from tests.conftest import FAKE
from tests.judge.scripted import COMPUTED, good, judge_settings, says
from tests.judge.test_stage import night as asked_night
from tests.judge.test_stage import stored

NIGHT = "2026-01-02"


def recipe_with(folder: Path, settings: Judge, *, required: bool = False) -> Path:
    """The scripted night with a judge."""
    script = settings.generate.fake
    replies = script.get("by_prompt", {}).items()
    lines = [
        "[judge]",
        f"canaries = {settings.canaries}",
        f"min_rows = {settings.min_rows}",
        f"required = {json.dumps(required)}",
        "[[judge.calibration]]",
        *(f"{key} = {json.dumps(value)}" for key, value in COMPUTED.items()),
        "[judge.generate]",
        'engine = "fake"',
        f'teacher = "{settings.generate.teacher}"',
        f"max_tokens = {settings.generate.max_tokens}",
        "[judge.generate.fake]",
        f"texts = {json.dumps(script['texts'])}",
        "[judge.generate.fake.by_prompt]",
        *(f"{json.dumps(asked)} = {json.dumps(list(said))}" for asked, said in replies),
    ]
    path = folder / "judged.toml"
    path.write_text(FAKE.read_text(encoding="utf-8") + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def calibrated(
    recipe: Path, *later: dg.AssetsDefinition, instance: dg.DagsterInstance
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [judge_calibration, judge_has_a_vote, *later],
        partition_key=NIGHT,
        resources={"lake": LakeResource(), "recipe": RecipeResource(path=str(recipe))},
        instance=instance,
        raise_on_error=False,
    )


@pytest.fixture
def instance(home: Path):
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def test_a_judge_that_passes_shows_its_agreement(home: Path, tmp_path: Path, instance):
    done = calibrated(recipe_with(tmp_path, good(judge_settings(tmp_path))), instance=instance)
    (check,) = done.get_asset_check_evaluations()
    assert (check.passed, check.description) == (True, "The judge has a vote.")
    (made,) = done.asset_materializations_for_node("judge_calibration")
    shown = {name: value.value for name, value in made.metadata.items()}
    assert shown["kappa_reference_match_math"] == 1.0
    assert "reference_match | math | yes | 1.00 (1.00 … 1.00) | 24" in shown["votes"]
    assert shown["agreement"].startswith("![Cohen's κ by rubric and domain](data:image/png;base64,")


@pytest.mark.parametrize("required", [False, True])
def test_a_judge_without_a_vote_is_a_warning_and_stops_the_night_only_if_it_is_required(
    home: Path, tmp_path: Path, instance, required: bool
):
    accepts_all = says(judge_settings(tmp_path), texts=["SAME"])
    recipe = recipe_with(tmp_path, accepts_all, required=required)
    done = calibrated(recipe, *([judgements] if required else []), instance=instance)
    (check,) = done.get_asset_check_evaluations()
    assert not check.passed and check.blocking
    assert check.severity.value == ("ERROR" if required else "WARN")
    assert "reference_match, domain math: κ is 0.00, its interval begins at 0.00" in check.description
    assert done.success is not required
    made = {event.asset_key.to_user_string() for event in done.get_asset_materialization_events()}
    assert made == {"judge_calibration"}, "nothing is built on a judge that was required"


def test_a_required_judge_needs_a_vote_wherever_it_is_asked(
    home: Path, home_lake: Lake, tmp_path: Path, instance
):
    recipe = recipe_with(tmp_path, good(judge_settings(tmp_path)), required=True)
    tables = asked_night({}, {"domain": "stem"})  # it is calibrated on math
    stored(home_lake, tables | {"plan": tables["plan"].with_columns(recipe=pl.lit("fake"))})
    done = calibrated(recipe, judgements, everything_wanted_is_judged, instance=instance)
    checks = {check.check_name: check for check in done.get_asset_check_evaluations()}
    assert checks["judge_has_a_vote"].passed
    found = checks["everything_wanted_is_judged"]
    assert not found.passed and found.severity.value == "ERROR" and not done.success
    assert "no vote by reference_match in domain stem (1)" in found.description


def test_a_recipe_without_a_judge_publishes_nothing_and_says_so(home: Path, home_lake: Lake, instance):
    done = calibrated(FAKE, judgements, instance=instance)
    assert done.success
    for node in ("judge_calibration", "judgements"):
        (made,) = done.asset_materializations_for_node(node)
        assert made.metadata["said"].value == "Recipe fake has no section [judge]."
    assert home_lake.versions(["calibrations", "judgements", "teachers"]) == dict.fromkeys(
        ["calibrations", "judgements", "teachers"]
    )
