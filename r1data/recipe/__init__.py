"""TOML → typed recipe: what to make (`night.toml`), who is asked (`teachers/*.toml`), who learns
(`students/*.toml`).

>>> load_recipe(Path("recipes/night.toml")).generate.rollouts_per_prompt
8
"""

from r1data.recipe.load import DEFAULT_RECIPE, load_recipe, load_student, load_teacher
from r1data.recipe.night import (
    BenchmarkSource,
    Checks,
    Contamination,
    Duplicates,
    Generate,
    Language,
    PromptSource,
    Readability,
    Recipe,
    Select,
    Verify,
    VllmSettings,
)
from r1data.recipe.student import Evaluate, Sft, Student
from r1data.recipe.teacher import FewShot, Sampling, Teacher

__all__ = [
    "DEFAULT_RECIPE",
    "BenchmarkSource",
    "Checks",
    "Contamination",
    "Duplicates",
    "Evaluate",
    "FewShot",
    "Generate",
    "Language",
    "PromptSource",
    "Readability",
    "Recipe",
    "Sampling",
    "Select",
    "Sft",
    "Student",
    "Teacher",
    "Verify",
    "VllmSettings",
    "load_recipe",
    "load_student",
    "load_teacher",
]
