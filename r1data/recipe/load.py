"""Read and check TOML files; every problem is a ConfigError that names the file and the key."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from r1data.errors import ConfigError
from r1data.paths import PROJECT
from r1data.recipe.ablation import derived
from r1data.recipe.apart import check_apart
from r1data.recipe.generate import Generate
from r1data.recipe.judge import Judge
from r1data.recipe.loop import Loop
from r1data.recipe.night import Recipe
from r1data.recipe.section import Section
from r1data.recipe.student import Student
from r1data.recipe.teacher import FewShots, Teacher
from r1data.text import nearest

DEFAULT_RECIPE = PROJECT / "recipes" / "night.toml"

S = TypeVar("S", bound=Section)


def load_recipe(path: Path | str | None = None) -> Recipe:
    """Read a night's recipe; without `path`, the file that R1DATA_RECIPE names, else recipes/night.toml.

    Teachers and rubrics that it names by a path are given back by their whole paths.
    """
    file = Path(path or os.environ.get("R1DATA_RECIPE") or DEFAULT_RECIPE)
    recipe = _load(file, Recipe)
    check_apart(recipe)
    _check_arguments(recipe, file)
    folder = file.absolute().parent
    update: dict[str, Any] = {"generate": _with_teacher(recipe.generate, folder)}
    if cold := recipe.cold_start:
        steps = {
            "rollouts": _with_teacher(cold.rollouts, folder),
            "refine": _with_teacher(cold.refine, folder),
        }
        update["cold_start"] = cold.model_copy(update=steps)
    if judge := recipe.judge:
        update["judge"] = _with_rubrics(judge, folder).model_copy(
            update={"generate": _with_teacher(judge.generate, folder)}
        )
    return recipe.model_copy(update=update)


def load_teacher(name: str) -> Teacher:
    """Read recipes/teachers/<name>.toml, or the file of a name that ends in `.toml`."""
    file = Path(name) if _is_path(name) else _named("teachers", name)
    teacher = _load(file, Teacher)
    if teacher.few_shots_file is None:
        return teacher
    shared = _load(file.parent / teacher.few_shots_file, FewShots)
    return teacher.model_copy(update={"few_shots": teacher.few_shots + shared.few_shots})


def load_loop(name: str) -> Loop:
    """Read recipes/loops/<name>.toml."""
    return _load(_named("loops", name), Loop)


def load_student(name: str) -> Student:
    """Read recipes/students/<name>.toml; `NAME-MIX-sSEED` is a student of the ablation in NAME's file."""
    stems = _stems("students")
    for stem in stems if name not in stems else ():
        if name.startswith(f"{stem}-"):
            found = derived(_load(_named("students", stem), Student)).get(name)
            if found:
                return found
    return _load(_named("students", name), Student)


def student_names() -> list[str]:
    """Names of all students, those of ablations among them, sorted; a file that cannot be read counts as one
    student, and what is wrong with it is told by who loads it.
    """
    names = list[str]()
    for stem in _stems("students"):
        names.append(stem)
        try:
            names += derived(load_student(stem))
        except ConfigError:
            continue
    return sorted(set(names))


def _with_teacher(generate: Generate, folder: Path) -> Generate:
    """The section with the whole path of a teacher that it names by a path."""
    if not _is_path(generate.teacher):
        return generate
    return generate.model_copy(update={"teacher": str(folder / generate.teacher)})


def _check_arguments(recipe: Recipe, file: Path) -> None:
    for section in (*recipe.prompts, *recipe.benchmarks):
        if not section.verifier_args:
            continue
        from r1data.verify import misused  # verifiers read recipes, and most recipes have no arguments

        if wrong := misused(section.verifier, section.verifier_args):
            raise ConfigError(f"{file}: `verifier_args` of `{section.name}` {wrong}")


def _with_rubrics(judge: Judge, folder: Path) -> Judge:
    """The section with the whole paths of rubrics that it names by a path."""

    def whole(rubric: str) -> str:
        return str(folder / rubric) if rubric.endswith(".md") else rubric

    rubrics = {domain: tuple(map(whole, names)) for domain, names in judge.rubrics.items()}
    sources = tuple(
        source.model_copy(update={"rubric": whole(source.rubric)}) for source in judge.calibration
    )
    return judge.model_copy(update={"rubrics": rubrics, "calibration": sources})


def _is_path(teacher: str) -> bool:
    return teacher.endswith(".toml")


def _named(folder: str, name: str) -> Path:
    path = PROJECT / "recipes" / folder / f"{name}.toml"
    if path.is_file():
        return path
    raise ConfigError(f"recipes/{folder} has no {nearest(name, _stems(folder))}")


def _stems(folder: str) -> list[str]:
    return sorted(file.stem for file in (PROJECT / "recipes" / folder).glob("*.toml"))


def _load(path: Path, model: type[S]) -> S:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no recipe {path}. Give a TOML file; recipes/night.toml is an example."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} is not readable TOML: {error}.") from error
    if not content:
        raise ConfigError(f"{path} is empty. A recipe says at least `name`, `start` and one [[prompts]].")
    try:
        return model.model_validate(_expand(content, path))
    except ValidationError as error:
        raise ConfigError(first_problem(error, model, path)) from error


def _expand(value: Any, path: Path) -> Any:
    """Replace `${NAME}` in every text by the environment variable of that name."""
    if isinstance(value, dict):
        return {key: _expand(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, path) for item in value]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ConfigError(f"{path} uses ${{{match[1]}}}, which is not set. Set {match[1]} and run again.")
        return os.environ[match[1]]

    return re.sub(r"\$\{([A-Z_][A-Z0-9_]*)\}", variable, value)


def first_problem(error: ValidationError, model: type[BaseModel], path: Path) -> str:
    """The first thing that is wrong with a file, in one line that names the key."""
    problem = error.errors()[0]
    if not problem["loc"]:  # the file as a whole
        return f"{path}: {problem['msg']}."
    *parents, key = problem["loc"]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = sorted(_section(model, parents).model_fields)
        place = "".join(f"[{part}]" for part in parents) or "the top level"
        return f"{path}, {place}: unknown key {nearest(str(key), known)}"
    return f"{path}: `{where}`: {problem['msg']}."


def _section(model: type[BaseModel], location: list[Any]) -> type[BaseModel]:
    """The section that holds an unknown key, found by walking the annotations along its location."""
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        candidates = [annotation, *get_args(annotation)]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return model
