"""Procedural tasks of reasoning-gym, new items every night, judged by the task's own scorer.

Only tasks that are listed here can be asked. Each was found to give its own answer full marks, garbage less,
and the same items for the same seed (tests hold it to that); several others of reasoning-gym 0.1 do not.

Source: Stojanovski et al., 2025, https://github.com/open-thought/reasoning-gym (Apache-2.0).
"""

from collections.abc import Iterator
from datetime import date
from importlib.metadata import version

from r1data import ids
from r1data.errors import ConfigError
from r1data.prompts.question import Question, Use, use, user
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.text import nearest

TASKS = {
    "chain_sum": "math",
    "simple_equations": "math",
    "gcd": "math",
    "lcm": "math",
    "leg_counting": "math",
    "base_conversion": "math",
    "calendar_arithmetic": "general",
    "letter_counting": "general",
    "spell_backward": "general",
    "word_sorting": "general",
    "knights_knaves": "logic",
    "family_relationships": "logic",
}
"""Domains of the tasks that can be asked, by name."""

DRAWS_PER_ITEM = 50
"""Draws after which a task counts as exhausted."""


def reasoning_gym(
    config: PromptSource | BenchmarkSource, *, night: date | None, start: date
) -> Iterator[Question]:
    """Give `n_per_family` distinct items of each task, drawn by the date.

    Raises:
        ConfigError: a task is not on the list.
    """
    for task in config.families:
        if task not in TASKS:
            raise ConfigError(f"`families` of `{config.name}`: no allowed task {nearest(task, TASKS)}")
    wanted: Use = "night" if night else "heldout"
    for task in config.families or TASKS:
        yield from _draw(task, str(night or "heldout"), config, wanted)


def _draw(task: str, when: str, config: PromptSource | BenchmarkSource, wanted: Use) -> Iterator[Question]:
    from reasoning_gym.factory import create_dataset

    seed = int(ids.digest(task, when), 16) % 2**31
    items = create_dataset(task, seed=seed, size=config.n_per_family * DRAWS_PER_ITEM)
    seen: set[str] = set()
    for number, item in enumerate(items):
        prompt = item["question"]
        if prompt in seen or use(prompt) != wanted:
            continue
        seen.add(prompt)
        yield Question(
            messages=user(prompt),
            reference=item["answer"],
            verifier="reasoning_gym",
            verifier_args={"task": task, "metadata": item["metadata"]},
            origin=f"reasoning-gym {version('reasoning-gym')} {task} seed {seed} item {number}",
            domain=TASKS[task],
            family=task,
            language="en",
            licence=config.licence or "Apache-2.0",
        )
        if len(seen) == config.n_per_family:
            return
