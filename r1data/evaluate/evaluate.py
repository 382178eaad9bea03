"""Ask models the items of a benchmark, k times each, and have the verifiers decide.

The protocol is DeepSeek-R1's: zero-shot, temperature 0.6, top-p 0.95, pass@1 as the mean over k
attempts. One start of the engine serves a base and its students, since they differ in nothing but
weights.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

import polars as pl

from r1data.errors import ConfigError
from r1data.evaluate.attempts import Candidate, evaluations, missing, references_of, student_id, zero_shot
from r1data.evaluate.leak import refuse_leaked
from r1data.generate.engine import Engine
from r1data.generate.journal import Journal, journal_path
from r1data.generate.models import ModelFolder
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.recipe import Evaluate, Verify
from r1data.verify.run import verify_rollouts

Work = tuple[Candidate, pl.DataFrame]


def evaluate(
    items: pl.DataFrame,
    candidates: Sequence[Candidate],
    how: Evaluate,
    *,
    verify: Verify,
    night: str,
    lake: str,
    stored: pl.LazyFrame,
    start: Callable[[ModelFolder], Engine],
    publish: Callable[[pl.DataFrame], object],
) -> int:
    """Make the attempts that are not stored yet; with none missing, no engine is started.

    Args:
        items: rows of table `benchmarks`; those of `how.benchmark` are asked.
        candidates: models of one architecture, such as a base and its student.
        how: benchmark, attempts per item, tokens, sampling.
        verify: workers and time limit of the verifiers.
        night: the night under which the rows are stored.
        lake: root of the lake, which names the journal of attempts that a killed run had finished.
        stored: table `evaluations`.
        start: makes an engine for a model folder, with room for `how.context_tokens`; it is entered here.
        publish: takes rows of table `evaluations`; rows that are stored already it must skip, as
            `Lake.append` does.

    Returns:
        How many attempts were missing.

    Raises:
        ConfigError: the benchmark has no items.
        GateError: a candidate trained on an item.
        EngineError: the engine died; what it had finished is published.
    """
    items = items.filter(pl.col("benchmark") == how.benchmark)
    if items.is_empty():
        raise ConfigError(
            f"Benchmark {how.benchmark} has no items. Run a night whose recipe has it under [[benchmarks]]."
        )
    work: list[Work] = []
    for candidate in candidates:
        if candidate.export:
            refuse_leaked(items, candidate.export)
        attempts = missing(items, student_id(candidate.model, how), how.k, stored)
        if attempts.height:
            work.append((candidate, attempts))
    # An engine renders with the template that it started with, so another template needs another engine.
    for _, alike in groupby(work, key=lambda pair: pair[0].model.chat_template):
        pairs = list(alike)
        with start(pairs[0][0].model) as engine:
            for position, (candidate, attempts) in enumerate(pairs):
                if position:
                    engine.load(str(candidate.model.path))
                _ask(engine, candidate, attempts, how, items, verify, night, lake, publish)
    return sum(attempts.height for _, attempts in work)


def _ask(
    engine: Engine,
    candidate: Candidate,
    attempts: pl.DataFrame,
    how: Evaluate,
    items: pl.DataFrame,
    verify: Verify,
    night: str,
    lake: str,
    publish: Callable[[pl.DataFrame], object],
) -> None:
    student = student_id(candidate.model, how)

    def decide(rollouts: pl.DataFrame) -> None:
        verdicts = verify_rollouts(
            rollouts.lazy(),
            references_of(items),
            workers=verify.workers,
            timeout_s=verify.timeout_s,
            sandbox=verify.sandbox,
        )
        publish(evaluations(rollouts, verdicts, items, candidate))

    path = journal_path(lake, f"evaluate-{how.benchmark}", night, student)
    with Journal(path) as journal:
        stored = recover(journal, decide)
        asked = zero_shot(attempts, student, how, night)
        queue = Queue(attempt for attempt in asked if attempt.request.rollout_id not in stored)
        run(queue, engine, journal, decide)
