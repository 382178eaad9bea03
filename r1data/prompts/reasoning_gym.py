"""Procedural tasks of reasoning-gym, new items every night, judged by the task's own scorer.

Only tasks that are listed here can be asked. Each was found to give its own answer full marks, garbage less,
and the same items for the same seed (tests hold it to that), and its scorer evaluates no text as a program.
Not listed are those that reward garbage (coin_flip, game_of_life_halting, polynomial_equations,
power_function), that have no answer of their own (boxnet, graph_color, propositional_logic, rubiks_cube,
rush_hour) or do not score it (arc_agi, rearc, codeio), whose scorers evaluate what the model wrote
(binary_matrix, countdown, n_queens, puzzle24, spiral_matrix, string_insertion, polynomial_multiplication,
both integrations) or the reference (bitwise_arithmetic, number_sorting), and that search for long (jugs,
knight_swap, sokoban).

Source: Stojanovski et al., 2025, https://github.com/open-thought/reasoning-gym (Apache-2.0).
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from datetime import date
from importlib.metadata import version
from typing import Any

from r1data import ids
from r1data.errors import ConfigError
from r1data.prompts.question import Question, Use, use, user
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.text import nearest

MATH = """
    advanced_geometry base_conversion basic_arithmetic chain_sum complex_arithmetic count_bits count_primes
    decimal_arithmetic decimal_chain_sum dice fraction_simplification gcd gsm_symbolic lcm leg_counting
    modulo_grid number_sequence prime_factorization products simple_equations simple_geometry
"""
LOGIC = """
    acre aiw arc_1d circuit_logic color_cube_rotation course_schedule cryptarithm family_relationships
    futoshiki kakurasu knights_knaves largest_island mahjong_puzzle maze mini_sudoku path_star quantum_lock
    self_reference shortest_path sudoku survo syllogism tower_of_hanoi tsumego zebra_puzzles
"""
GENERAL = """
    ab binary_alternation caesar_cipher calendar_arithmetic emoji_mystery figlet_font game_of_life
    group_anagrams isomorphic_strings letter_counting letter_jumble list_functions manipulate_matrix
    needle_haystack number_filtering number_format palindrome_generation palindrome_partitioning pool_matrix
    ransom_note rectangle_count rotate_matrix rotten_oranges sentence_reordering spell_backward
    string_manipulation string_splitting string_synthesis time_intervals word_ladder word_sequence_reversal
    word_sorting
"""
CODE = "bf"

DOMAINS = {"math": MATH, "logic": LOGIC, "general": GENERAL, "code": CODE}
TASKS = {task: domain for domain, tasks in DOMAINS.items() for task in tasks.split()}
"""Domains of the tasks that can be asked, by name."""

HARDEST = 5
LIMITED = {
    1: "modulo_grid needle_haystack word_ladder",
    2: "bf caesar_cipher circuit_logic game_of_life letter_jumble maze number_format number_sequence survo",
    3: "futoshiki largest_island lcm mahjong_puzzle pool_matrix rotate_matrix rotten_oranges shortest_path "
    "spell_backward zebra_puzzles",
}
HIGHEST_LEVEL = {task: level for level, tasks in LIMITED.items() for task in tasks.split()}
"""Where a task's own curriculum breaks, or makes items of more than 10,000 characters or 0.3 seconds."""

DRAWS_PER_ITEM = 50
"""Draws after which a task counts as exhausted."""


def reasoning_gym(
    config: PromptSource | BenchmarkSource, *, night: date | None, start: date
) -> Iterator[Question]:
    """Give `n_per_family` distinct items of each task, drawn by the date, in equal parts of each level.

    A level is one of the task's own curriculum, 1 the easiest; of a task with fewer levels its highest is
    taken, and told as what it is. Without `levels` a task's default settings hold, and no level is told.

    Raises:
        ConfigError: a task is not on the list, or has no levels.
    """
    for task in config.families:
        if task not in TASKS:
            raise ConfigError(f"`families` of `{config.name}`: no allowed task {nearest(task, TASKS)}")
        if config.levels and not highest_level(task):
            raise ConfigError(f"`levels` of `{config.name}`: the task `{task}` has none. Ask it by itself.")
    asked = config.families or [task for task in TASKS if highest_level(task) or not config.levels]
    wanted: Use = "night" if night else "heldout"
    for task in asked:
        levels = sorted({min(level, highest_level(task)) for level in config.levels}) or [None]
        seen: set[str] = set()
        for part, level in enumerate(levels):
            n = len(range(part, config.n_per_family, len(levels)))
            yield from _draw(task, level, n, str(night or "heldout"), config, wanted, seen)


def highest_level(task: str) -> int:
    """How many levels the curriculum of a task has, 5 at most; 0 when it has no curriculum."""
    from reasoning_gym.factory import create_curriculum, has_curriculum

    if not has_curriculum(task):
        return 0
    steps = max(len(attribute.levels) for attribute in create_curriculum(task).attributes.values())
    return min(steps, HIGHEST_LEVEL.get(task, HARDEST))


def _items(task: str, level: int | None, seed: int, size: int) -> Sequence[dict[str, Any]]:
    from reasoning_gym.coaching.base_curriculum import DefaultCurriculumContext, RangeAttributeMode
    from reasoning_gym.factory import DATASETS, create_curriculum, create_dataset

    if level is None:
        return create_dataset(task, seed=seed, size=size)
    curriculum = create_curriculum(task)
    curriculum.set_global_level(level - 1)
    # A range would otherwise begin at the easiest, whatever the level.
    context = DefaultCurriculumContext(mode=RangeAttributeMode.UPPER_BOUND)
    settings = curriculum.generate_configuration({"seed": seed, "size": size}, context)
    return DATASETS[task][0](settings)


def _draw(
    task: str,
    level: int | None,
    n: int,
    when: str,
    config: PromptSource | BenchmarkSource,
    wanted: Use,
    seen: set[str],
) -> Iterator[Question]:
    seed = int(ids.digest(task, when, *([level] if level else [])), 16) % 2**31
    given = 0
    items = _items(task, level, seed, n * DRAWS_PER_ITEM)
    for number in range(len(items)):
        if given == n:
            return
        with redirect_stdout(io.StringIO()):  # task bf prints dots, and stdout is for the verb's data
            item = items[number]
        prompt = item["question"]
        if prompt in seen or use(prompt) != wanted:
            continue
        seen.add(prompt)
        given += 1
        stated = f" level {level}" if level else ""
        yield Question(
            messages=user(prompt),
            reference=item["answer"],
            verifier="reasoning_gym",
            verifier_args={"task": task, "metadata": item["metadata"]},
            origin=f"reasoning-gym {version('reasoning-gym')} {task}{stated} seed {seed} item {number}",
            domain=TASKS[task],
            family=task,
            level=level,
            language="en",
            licence=config.licence or "Apache-2.0",
        )
