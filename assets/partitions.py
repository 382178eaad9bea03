"""The partitions: nights for the corpus, students for training."""

import dagster as dg

from r1data.paths import PROJECT
from r1data.recipe import load_recipe

NIGHTS = dg.DailyPartitionsDefinition(start_date=load_recipe().start.isoformat(), timezone="UTC")
"""One partition per complete UTC day, from the recipe's start."""

STUDENTS = dg.StaticPartitionsDefinition(
    sorted(file.stem for file in (PROJECT / "recipes" / "students").glob("*.toml"))
)
"""One partition per file of recipes/students."""
