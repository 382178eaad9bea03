"""What a night takes in, from the recipe to the marks, with no lake around it."""

from datetime import UTC, date, datetime

import polars as pl

from r1data.prompts.tonight import take_in
from r1data.recipe import Generate, PromptSource, Recipe
from r1data.schema import TABLES

NIGHT = "2026-01-01"


def test_prompts_without_a_licence_and_beyond_a_quota_are_marked_and_stay(embedded_model):
    sums = PromptSource(name="sums", source="templates", families=("add1",), n_per_family=10, licence="MIT")
    words = sums.model_copy(update={"name": "words", "families": ("last",), "max_per_night": 4})
    bare = sums.model_copy(update={"name": "bare", "families": ("mul1",), "licence": None})
    recipe = Recipe(
        name="r",
        start=date(2026, 1, 1),
        prompts=[sums, words, bare],
        generate=Generate(engine="fake"),
        quotas={"math": 6},
        licence_required=True,
    )
    taken = take_in(
        lambda table: TABLES[table].empty().lazy(), recipe, night=NIGHT, now=datetime(2026, 1, 2, tzinfo=UTC)
    )
    counted = taken.intake.group_by("source", "reason").agg(pl.len()).sort("source", "reason")
    assert counted.rows() == [
        ("bare", "no_licence", 10),
        ("sums", None, 6),
        ("sums", "over_quota", 4),
        ("words", None, 4),
        ("words", "over_quota", 6),
    ]
    assert taken.prompts.height == taken.intake.height == 30
