"""TOML → typed recipe: what to make (`night.toml`), who is asked (`teachers/*.toml`), who learns
(`students/*.toml`).

>>> load_recipe(Path("recipes/night.toml")).generate.rollouts_per_prompt
8
"""

from r1data.recipe.ablation import AblationStudent, derived
from r1data.recipe.cold_start import ColdStart
from r1data.recipe.export import ExportRules
from r1data.recipe.generate import (
    Adaptive,
    BatchSettings,
    Budget,
    Endpoint,
    Generate,
    OpenaiSettings,
    Prices,
    ReplaySettings,
    Unsolved,
    VllmSettings,
)
from r1data.recipe.judge import CalibrationSource, Judge
from r1data.recipe.load import (
    DEFAULT_RECIPE,
    load_loop,
    load_recipe,
    load_student,
    load_teacher,
    student_names,
)
from r1data.recipe.night import (
    Basic,
    BenchmarkSource,
    Checks,
    Contamination,
    Difficulty,
    Duplicates,
    Embedding,
    Language,
    Planted,
    PromptSource,
    Readability,
    Recipe,
    Select,
    Verify,
)
from r1data.recipe.student import Ablation, Evaluate, SideEffects, Student
from r1data.recipe.teacher import FewShot, Sampling, Teacher
from r1data.recipe.training import Alarms, Grpo, Launch, Lora, Preference, RewardModel, Rewards, Sft, Training

__all__ = [
    "DEFAULT_RECIPE",
    "Ablation",
    "AblationStudent",
    "Adaptive",
    "Alarms",
    "Basic",
    "BatchSettings",
    "BenchmarkSource",
    "Budget",
    "CalibrationSource",
    "Checks",
    "ColdStart",
    "Contamination",
    "Difficulty",
    "Duplicates",
    "Embedding",
    "Endpoint",
    "Evaluate",
    "ExportRules",
    "FewShot",
    "Generate",
    "Grpo",
    "Judge",
    "Language",
    "Launch",
    "Lora",
    "OpenaiSettings",
    "Planted",
    "Preference",
    "Prices",
    "PromptSource",
    "Readability",
    "Recipe",
    "ReplaySettings",
    "RewardModel",
    "Rewards",
    "Sampling",
    "Select",
    "Sft",
    "SideEffects",
    "Student",
    "Teacher",
    "Training",
    "Unsolved",
    "Verify",
    "VllmSettings",
    "derived",
    "load_loop",
    "load_recipe",
    "load_student",
    "load_teacher",
    "student_names",
]
