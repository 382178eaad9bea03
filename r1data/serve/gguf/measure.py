"""How each GGUF file of a student fares: accuracy by the evaluator, speed and memory.

A file is asked as the student's recipe says, by the engine `openai` against llama.cpp's server, and its
attempts are kept in table `evaluations` under the file's digest, so none is made twice. Speed and memory are
taken anew, for they are the machine's.

What this does not measure: Ollama itself. It runs the same library on the same file, with a template and
parameters that say the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from r1data.errors import ConfigError
from r1data.evaluate import Candidate, evaluate
from r1data.evaluate.asks import STUDENT, Asks
from r1data.evaluate.attempts import Ask, check_complete
from r1data.evaluate.estimate import Estimate, difference
from r1data.evaluate.evaluate import items_of
from r1data.evaluate.items import asked_items
from r1data.evaluate.metrics import metrics
from r1data.evaluate.rejudge import rejudged
from r1data.generate.engine import Engine
from r1data.generate.engines import ENGINES
from r1data.generate.models import OWN_TEMPLATE, ModelFolder
from r1data.lake import Lake
from r1data.process import cores
from r1data.recipe import Evaluate, Recipe, Student
from r1data.recipe.generate import Endpoint, OpenaiSettings
from r1data.serve.gguf.export import GgufExport, write_card
from r1data.serve.gguf.server import SLOTS, serving
from r1data.train.student import TrainedStudent

TIMED, TIMED_TOKENS = 8, 128
"""Items that speed is taken from, and the most tokens of each."""


@dataclass(frozen=True)
class Fared:
    """One file, measured."""

    quantisation: str
    file: str
    bytes: int
    accuracy: Estimate
    """pass@1 at the student's benchmark."""
    gain: Estimate | None
    """Its pass@1 less the student's own, paired by item; None of a student that was not evaluated."""
    tokens_per_s: float
    """Of one client, while it writes."""
    memory_bytes: int | None
    """Most that the server held, weights and context included; None where the system does not say."""


def measure(
    lake: Lake, student: Student, trained: TrainedStudent, recipe: Recipe, export: GgufExport, *, night: str
) -> list[Fared]:
    """Have the evaluator ask every file of an export, and write what came of it into the export's card.

    Args:
        lake: where attempts are kept.
        student: says how it is asked.
        trained: whose weights the files hold.
        recipe: the night's, which has the student's benchmark.
        export: what `export_gguf` wrote of it.
        night: the night under which attempts are stored.

    Raises:
        ConfigError: its benchmark has no items, or its chat template opens the thought itself.
        EngineError: a server dies; what it had answered is kept.
        SchemaError: a server did not answer everything.
    """
    if export.card["template"].rstrip().endswith("<think>"):
        raise ConfigError(
            f"The chat template of student {student.name} opens the thought itself, which servers do not "
            "hand back, so completions would be judged without it. Export without --measure."
        )
    how = student.evaluate
    own = Ask(Candidate(student.name, trained.model, trained.row["run_key"], trained.export), how)
    items = items_of(asked_items(lake.scan("benchmarks"), recipe, Asks({STUDENT: own}, {})), how.benchmark)
    asks = {kind: _ask(student, kind, export, own) for kind in export.card["files"]}
    files = {str(ask.candidate.model.path): export.file(kind) for kind, ask in asks.items()}

    @contextmanager
    def start(candidate: Candidate, context_tokens: int) -> Iterator[Engine]:
        with serving(files[str(candidate.model.path)], context_tokens) as llama:
            settings = OpenaiSettings(endpoints=(Endpoint(url=f"{llama.url}/v1", concurrency=SLOTS),))
            generate = recipe.generate.model_copy(
                update={"engine": "openai", "openai": settings, "context_tokens": context_tokens}
            )
            with ENGINES["openai"](generate, candidate.model) as engine:
                yield engine

    evaluate(
        items,
        list(asks.values()),
        verify=recipe.verify,
        night=night,
        lake=lake.root,
        stored=lambda: lake.scan("evaluations"),
        start=start,
        publish=lambda frame: lake.append("evaluations", frame, run="export model"),
    )
    found = [_fared(lake, recipe, export, kind, ask, own, items) for kind, ask in asks.items()]
    _tell(export, how, items.height, found)
    return found


def _ask(student: Student, kind: str, export: GgufExport, own: Ask) -> Ask:
    name, file = f"{student.name}-{kind}", export.card["files"][kind]
    model = ModelFolder(Path(f"api:{name}"), file["digest"], OWN_TEMPLATE, None)
    return Ask(Candidate(name, model, export=own.candidate.export, engine="openai"), own.how)


def _fared(
    lake: Lake, recipe: Recipe, export: GgufExport, kind: str, ask: Ask, own: Ask, items: pl.DataFrame
) -> Fared:
    stored = lake.scan("evaluations")
    mine, theirs = (rejudged(one.attempts(stored, items), items, recipe.verify) for one in (ask, own))
    gain = None
    if theirs.height:
        check_complete(theirs, items, own)
        gain = difference(mine, theirs)
    (measured,) = metrics(mine)
    file = export.card["files"][kind]
    speed, memory = _speed(export, kind, ask.how, items)
    return Fared(kind, file["file"], file["bytes"], measured.pass_at_1, gain, speed, memory)


def _speed(export: GgufExport, kind: str, how: Evaluate, items: pl.DataFrame) -> tuple[float, int | None]:
    tokens, milliseconds = 0, 0.0
    with serving(export.file(kind), export.card["context_tokens"]) as llama:
        for place, messages in enumerate(items.head(TIMED)["messages"].to_list()):
            body = {"messages": messages, "max_tokens": min(how.max_tokens, TIMED_TOKENS), "seed": place}
            body |= {"temperature": how.sampling.temperature, "top_p": how.sampling.top_p}
            timings = llama.post("/v1/chat/completions", body)["timings"]
            tokens += timings["predicted_n"]
            milliseconds += timings["predicted_ms"]
        return 1000 * tokens / milliseconds, llama.peak_bytes()


def _tell(export: GgufExport, how: Evaluate, n_items: int, found: list[Fared]) -> None:
    export.card["asked"] = {
        "benchmark": how.benchmark,
        "n_items": n_items,
        "k": how.k,
        "temperature": how.sampling.temperature,
        "top_p": how.sampling.top_p,
        "cores": cores(),
    }
    export.card["measured"] = {
        one.quantisation: {
            "accuracy": one.accuracy.percent(),
            "difference": one.gain.points() if one.gain else None,
            "tokens_per_s": one.tokens_per_s,
            "memory_bytes": one.memory_bytes,
        }
        for one in found
    }
    write_card(export)
