"""The partitions: nights for the corpus, students for training."""

import dagster as dg

from r1data.recipe import load_recipe, student_names

NIGHTS = dg.DailyPartitionsDefinition(start_date=load_recipe().start.isoformat(), timezone="UTC")
"""One partition per complete UTC day, from the recipe's start."""

STUDENTS = dg.StaticPartitionsDefinition(student_names())
"""One partition per file of recipes/students, and one per mix and seed of an ablation."""
