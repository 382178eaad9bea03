"""Whether a student can be asked at all, which is to be known before hours of training."""

from r1data.errors import ConfigError
from r1data.generate.models import folder_of, read_folder
from r1data.recipe import Recipe, Student


def check_askable(student: Student, recipe: Recipe) -> None:
    """Raise if a student cannot be asked once it is trained.

    Raises:
        ConfigError: the recipe has no such benchmark, or the base reads less than the student is to read.
    """
    folder = folder_of(student.base, student.revision)
    base = read_folder(folder, "any").context_tokens  # a given revision spares hashing all weights
    wanted = {f"max_tokens under [{student.trainer}]": getattr(student, student.trainer).max_tokens}
    if student.trainer != "reward_model":
        wanted["context_tokens under [evaluate]"] = student.evaluate.context_tokens
        known = {benchmark.name for benchmark in recipe.benchmarks}
        if student.evaluate.benchmark not in known:
            raise ConfigError(
                f"Student {student.name} is judged by benchmark {student.evaluate.benchmark}, and recipe "
                f"{recipe.name} has {', '.join(sorted(known)) or 'none'}. Add a [[benchmarks]] of that name, "
                "or change benchmark under [evaluate] of the student."
            )
    for what, n in wanted.items():
        if base is not None and n > base:
            raise ConfigError(
                f"{student.base} reads {base:,} tokens (max_position_embeddings of its config.json), and "
                f"{what} of student {student.name} is {n:,}. Lower that, or take a base that reads more."
            )
