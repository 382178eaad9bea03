"""What students are judged by is kept apart from what is asked: no benchmark is a prompt source too."""

import re
from itertools import product
from pathlib import Path

from r1data.errors import ConfigError
from r1data.recipe.night import BenchmarkSource, PromptSource, QuestionSource, Recipe

HUB_FILE = re.compile(r"hf://datasets/([^/@]+/[^/@]+)(?:@[^/]*)?(.*)", re.IGNORECASE)
"""An address of files of the hub: the id of the data set, and where in it."""
SPLIT = re.compile(r"(?<![a-z])(?:train|validation|test)(?![a-z])")
"""Splits as files are named by them; a file without one may be of any."""


def check_apart(recipe: Recipe) -> None:
    """Make sure that no benchmark has rows of a file or data set in common with a prompt source.

    Paths are compared as the file system resolves them, a folder with everything in it; a data set of the hub
    with files of it, by the splits that their names hold. Two sections that compute new problems from the
    same rows may share them: their problems are told apart by their texts.

    What this does not see: copies of a file under another name; contamination marks those prompt by prompt.

    Raises:
        ConfigError: one has; names both.
    """
    for prompts, benchmark in product(recipe.prompts, recipe.benchmarks):
        shared = _shared(prompts, benchmark)
        if shared and _rows_meet(prompts, benchmark):
            raise ConfigError(
                f"{shared} is the benchmark `{benchmark.name}` and the prompt source `{prompts.name}`: "
                "students would learn what they are judged by. Give one of them other files or other `rows`."
            )


def _shared(prompts: PromptSource, benchmark: BenchmarkSource) -> str | None:
    """The file, folder or data set that both read; None if there is none."""
    if prompts.source == benchmark.source == "perturbed":
        return None
    if prompts.dataset and prompts.dataset.lower() == (benchmark.dataset or "").lower():
        configs = {prompts.config, benchmark.config}  # without one, it is the data set's own default
        same = len(configs) == 1 or None in configs
        return prompts.dataset if same and _splits_meet(prompts.split, benchmark.split) else None
    for hub, files in ((prompts, benchmark), (benchmark, prompts)):
        found = HUB_FILE.match(files.path or "")
        if found and (hub.dataset or "").lower() == found[1].lower():
            named = "+".join(SPLIT.findall(found[2].lower())) or "all"
            return files.path if _splits_meet(hub.split, named) else None
    one, other = (_address(section) for section in (prompts, benchmark))
    if not one or not other:
        return None
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return longer if longer == shorter or longer.startswith(shorter.rstrip("/") + "/") else None


def _splits_meet(one: str, other: str) -> bool:
    """Whether two splits may have rows in common, such as `train+test` and `test[:100]`."""
    names, others = ({part.partition("[")[0].strip() for part in split.split("+")} for split in (one, other))
    return bool(names & others) or "all" in names | others


def _address(section: QuestionSource) -> str | None:
    """Where a section reads, so that equal places are equal texts."""
    given = section.path or section.dataset
    if not given:
        return None
    scheme, separator, rest = given.partition("://")
    if separator:
        if hub := HUB_FILE.match(given):  # of any revision
            rest = f"datasets/{hub[1].lower()}{hub[2]}"
        return f"{scheme}://{re.sub('/+', '/', rest).strip('/')}"
    path = Path(given).expanduser()
    return str(path.resolve()) if section.path or path.exists() else None


def _rows_meet(one: QuestionSource, other: QuestionSource) -> bool:
    """Whether two ranges of rows overlap. Of a folder and a file in it, and of splits that are written
    differently, nobody knows, so they do.
    """
    if (_address(one), one.split) != (_address(other), other.split) or not one.rows or not other.rows:
        return True
    return max(one.rows[0], other.rows[0]) < min(one.rows[1], other.rows[1])
