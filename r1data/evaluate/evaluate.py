"""Ask models the items of benchmarks, k times each, and have the verifiers decide.

The protocol is DeepSeek-R1's: zero-shot, temperature 0.6, top-p 0.95, pass@1 as the mean over k
attempts. One start of the engine serves all models whose config.json says the same, such as a base and its
students, since they differ in nothing but weights.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
import polars as pl

from r1data.errors import ConfigError
from r1data.evaluate.attempts import (
    FAILED,
    Ask,
    Candidate,
    check_complete,
    evaluations,
    missing,
    references_of,
    requests,
)
from r1data.evaluate.leak import refuse_leaked
from r1data.generate.engine import Engine
from r1data.generate.journal import Journal, journal_path
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.recipe import Verify
from r1data.verify.run import verify_rollouts

log = logging.getLogger("r1data")

VOLATILE = ("transformers_version", "torch_dtype", "dtype", "use_cache", "pad_token_id")
"""Keys of config.json that differ between weights of one architecture and change nothing that is written;
those that begin with `_`, such as `_name_or_path`, are no more than notes.
"""


@dataclass(frozen=True)
class _Work:
    ask: Ask
    items: pl.DataFrame
    """Rows of table `benchmarks`, those of the ask's benchmark."""
    attempts: pl.DataFrame
    """Those that are missing."""


def evaluate(
    items: pl.DataFrame,
    asks: Sequence[Ask],
    *,
    verify: Verify,
    night: str,
    lake: str,
    stored: Callable[[], pl.LazyFrame],
    start: Callable[[Candidate, int], Engine],
    publish: Callable[[pl.DataFrame], object],
) -> int:
    """Make the attempts that are not stored yet; with none missing, no engine is started.

    Args:
        items: rows of table `benchmarks`; those of benchmarks that are asked.
        asks: models, and how each is asked: benchmark, attempts per item, tokens, sampling.
        verify: workers and time limit of the verifiers.
        night: the night under which the rows are stored.
        lake: root of the lake, which names the journal of attempts that a killed run had finished.
        stored: gives table `evaluations` as it is.
        start: makes an engine for a model, with room for so many tokens of context; it is entered here.
        publish: takes rows of table `evaluations`; rows that are stored already it must skip, as
            `Lake.append` does.

    Returns:
        How many attempts were missing.

    Raises:
        ConfigError: a benchmark has no items.
        GateError: a candidate trained on an item.
        EngineError: the engine died; what it had finished is published.
        SchemaError: an item has not exactly as many attempts as were asked for, once all was published; so it
            is when a server failed, since attempts that it did not run are not stored.
    """
    exports = {one.digest: one for ask in asks if (one := ask.candidate.export)}
    for export in exports.values():
        refuse_leaked(items.filter(pl.col("benchmark").is_in({ask.how.benchmark for ask in asks})), export)
    work: dict[tuple[str, str], _Work] = {}  # two parts may be one model, such as a base that also teaches
    before = stored()
    for ask in asks:
        mine = items_of(items, ask.how.benchmark)
        attempts = missing(mine, ask.student_id, ask.how.k, before)
        work.setdefault((ask.student_id, ask.how.benchmark), _Work(ask, mine, attempts))
    for alike in _together([one for one in work.values() if one.attempts.height]):
        context = max(one.ask.how.context_tokens for one in alike)
        loaded = alike[0].ask.candidate.model
        with start(alike[0].ask.candidate, context) as engine:
            for one in alike:
                if one.ask.candidate.model != loaded:
                    loaded = one.ask.candidate.model
                    engine.load(str(loaded.path))
                _ask(engine, one, verify, night, lake, publish)
    after = stored()
    for one in work.values():
        check_complete(one.ask.attempts(after, one.items), one.items, one.ask)
    return sum(one.attempts.height for one in work.values())


def items_of(items: pl.DataFrame, benchmark: str) -> pl.DataFrame:
    """The items of one benchmark.

    Raises:
        ConfigError: it has none.
    """
    mine = items.filter(pl.col("benchmark") == benchmark)
    if mine.is_empty():
        raise ConfigError(
            f"Benchmark {benchmark} has no items. Run a night whose recipe has it under [[benchmarks]]."
        )
    return mine


def _together(work: Sequence[_Work]) -> list[list[_Work]]:
    """What one start of an engine can serve, each model's work in a row."""
    groups: dict[tuple[str, ...], dict[str, list[_Work]]] = {}
    for one in work:
        candidate = one.ask.candidate
        # An engine renders with the template that it started with, so another template needs another engine.
        key = (candidate.engine, _shape(candidate), candidate.model.chat_template or "")
        groups.setdefault(key, {}).setdefault(str(candidate.model.path), []).append(one)
    return [[one for works in models.values() for one in works] for models in groups.values()]


def _shape(candidate: Candidate) -> str:
    """What models have in common whose weights one engine can load one after the other."""
    config = candidate.model.path / "config.json"
    if candidate.engine == "fake":
        return ""
    if not config.is_file():  # behind an API
        return str(candidate.model.path)
    told = {
        name: value
        for name, value in orjson.loads(config.read_bytes()).items()
        if value is not None and name not in VOLATILE and not name.startswith("_")
    }
    # Newer versions of transformers write in one key what older ones wrote in two.
    rope = {"rope_type": "default", "rope_theta": told.pop("rope_theta", None)}
    rope |= told.pop("rope_scaling", {}) | told.pop("rope_parameters", {})
    return orjson.dumps(told | {"rope": rope}, option=orjson.OPT_SORT_KEYS).decode()


def _ask(
    engine: Engine,
    work: _Work,
    verify: Verify,
    night: str,
    lake: str,
    publish: Callable[[pl.DataFrame], object],
) -> None:
    ask, items = work.ask, work.items
    published = set[str]()

    def decide(made: pl.DataFrame) -> None:
        rollouts = made.filter(~pl.col("finish_reason").is_in(FAILED))
        _tell_failed(made.filter(pl.col("finish_reason").is_in(FAILED)), ask)
        verdicts = verify_rollouts(
            rollouts.lazy(),
            references_of(items),
            workers=verify.workers,
            timeout_s=verify.timeout_s,
            sandbox=verify.sandbox,
        )
        publish(evaluations(rollouts, verdicts, items, ask))
        published.update(rollouts["rollout_id"])

    path = journal_path(lake, f"evaluate-{ask.how.benchmark}", night, ask.student_id)
    with Journal(path) as journal:
        recover(journal, decide)
        done = frozenset(published)  # what failed before the run was cut short is asked again
        asked = requests(work.attempts, ask, night)
        queue = Queue(attempt for attempt in asked if attempt.request.rollout_id not in done)
        run(queue, engine, journal, decide)


def _tell_failed(failed: pl.DataFrame, ask: Ask) -> None:
    if failed.height:
        said = failed["detail"].drop_nulls().head(1).to_list()
        log.warning(
            "evaluations: %d attempts of %s at %s failed and are not stored%s",
            *(failed.height, ask.candidate.name, ask.how.benchmark, f": {said[0]}" if said else ""),
        )
