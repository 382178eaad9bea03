"""A student against its teacher and its base, in words and tables: accuracy, seconds, memory, and what one
solved prompt costs, each with its interval and as a share of the other's.
"""

from dataclasses import dataclass

from r1data.evaluate.against import Against
from r1data.evaluate.asks import BASE, TEACHER, TEACHER_AS_RECIPE
from r1data.evaluate.estimate import Estimate
from r1data.evaluate.result import Result
from r1data.report.evaluation import CANNOT_TELL, NAMED
from r1data.train.exports.card import text

PARTS = (TEACHER, TEACHER_AS_RECIPE, BASE)
"""Whom a student stands beside, in the order of interest."""
CALLED = {TEACHER: "its teacher", TEACHER_AS_RECIPE: "its teacher, asked as for the corpus", BASE: "its base"}
SOLVED = {
    "seconds": "seconds per solved prompt",
    "tokens": "tokens per solved prompt",
    "usd": "US dollars per solved prompt",
}
HEADS = ("", "student / other", "student", "other")


@dataclass(frozen=True)
class Line:
    """One number of two models, as people read it."""

    what: str
    student: str
    other: str
    share: Estimate | None
    """The student's as a share of the other's; None when nobody can tell."""
    share_told: str

    def cells(self) -> tuple[str, str, str, str]:
        """In the order of HEADS."""
        return self.what, self.share_told, self.student, self.other


def ordered(result: Result) -> list[Against]:
    """The comparisons of a result, the teacher's first."""
    return sorted(result.beside, key=lambda one: PARTS.index(one.part))


def title(result: Result) -> str:
    """Whom the student stands beside, as a heading."""
    teacher = any(one.part != BASE for one in result.beside)
    return f"{result.student.name} against its {'teacher' if teacher else 'base'}"


def name_of(result: Result, one: Against) -> str:
    """Name and part of the other model."""
    return result.models[one.part].name + NAMED[one.part]


def lead(result: Result) -> str:
    """What it comes to, in one sentence."""
    student = result.student.name
    if not result.beside:
        return f"Nobody can tell how {student} compares: neither its teacher nor its base was asked."
    first = ordered(result)[0]
    called = f"{CALLED[first.part]}, {result.models[first.part].name},"
    aside = " Its teacher was not asked." if first.part == BASE else ""
    if not first.accuracy:
        return (
            f"It cannot be told what share of what {called} solves {student} solves too: by its interval the "
            f"other may solve nothing at all.{aside}"
        )
    told = f"{student} solves {_times(first.accuracy)} as much as {called}"
    shares = []
    if (seconds := first.takes.get("seconds")) and seconds.attempt_ratio:
        shares.append(f"{_times(seconds.attempt_ratio)} the seconds per attempt")
    for unit, words in ("usd", "dollars"), ("tokens", "tokens"):
        if (found := first.takes.get(unit)) and found.solved_ratio:
            shares.append(f"{_times(found.solved_ratio)} the {words} per solved prompt")
            break
    return f"{told.removesuffix(',')}{', at ' + ' and '.join(shares) if shares else ''}.{aside}"


def lines(result: Result, one: Against) -> list[Line]:
    """The table of a student beside one other model."""
    mine, theirs = result.student, result.models[one.part]
    rates = mine.metrics.pass_at_1, theirs.metrics.pass_at_1
    told = [_line("pass@1", rates[0].percent(), rates[1].percent(), one.accuracy)]
    for unit, heading in ("seconds", "seconds per attempt"), ("tokens", "tokens per attempt"):
        if found := one.takes.get(unit):
            told.append(_line(heading, *map(amount, found.attempt), found.attempt_ratio))
    told.append(_weights(mine.weights_bytes, theirs.weights_bytes))
    if found := one.takes.get("bytes"):
        told.append(_line("memory of an attempt, MiB", *map(_mib, found.attempt), found.attempt_ratio))
    for unit, heading in SOLVED.items():
        if found := one.takes.get(unit):
            told.append(_line(heading, *map(_or_not, found.solved), found.solved_ratio))
    if "usd" not in one.takes:
        none = "no price known"
        told.append(Line(SOLVED["usd"], none, none, None, none))
    return told


def amount(found: Estimate) -> str:
    """A number that is no share, with its interval: `77.2 (75.0 … 79.4)`."""
    return f"{_digits(found.value)} ({_digits(found.low)} … {_digits(found.high)})"


def notes(result: Result) -> list[str]:
    """How it was measured and what a reader should know of it, one sentence or two each."""
    how, one = result.how, result.student.metrics
    return [
        f"Every model was asked the same {one.n_items:,} items of benchmark {how.benchmark}, {one.k} times "
        f"each, with at most {how.max_tokens:,} tokens. An attempt is solved when it is right, well-formed "
        "and finished.",
        "Intervals are 95 % and take items as the unit of chance, paired. Shares have Fieller's interval; "
        "shares of what a solved prompt takes have that of a bootstrap over items.",
        "What a solved prompt takes is the mean of an attempt over pass@1, that is, with attempts until one "
        "is solved. It supposes that somebody sees which one is.",
        "Seconds are from submission to the last token while attempts share the engine: they compare where "
        "both models were asked by one engine on one machine, equally busy.",
        "The memory of an attempt is the weights, by their files, and the keys and values of its prompt and "
        "completion, by the model's config.json. A running engine sets aside what its settings say.",
        "Dollars are of [generate.prices]: tokens of a model behind an API, hours of the machine otherwise, "
        "as if an attempt had it alone, so the most that it can be. Training is not in them.",
    ]


def against_section(result: Result) -> str:
    """Markdown without a heading: the sentence, a table per other model, notes."""
    told = [text(lead(result)), ""]
    for one in ordered(result):
        heads = (f"beside {text(name_of(result, one))}", *HEADS[1:])
        rows = [heads, ("---",) * len(heads), *(line.cells() for line in lines(result, one))]
        told += [*(f"| {' | '.join(row)} |" for row in rows), ""]
    return "\n".join([*told, *(f"- {text(note)}" for note in notes(result))])


def _mib(found: Estimate) -> str:
    return amount(Estimate(*(number / 2**20 for number in (found.value, found.low, found.high))))


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def _share(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 or not value else f"{value:#.2g}"


def _times(share: Estimate, unit: str = " times") -> str:
    return f"{_share(share.value)}{unit} ({_share(share.low)} … {_share(share.high)})"


def _line(what: str, student: str, other: str, share: Estimate | None) -> Line:
    return Line(what, student, other, share, _times(share, unit="") if share else CANNOT_TELL)


def _or_not(found: Estimate | None) -> str:
    return amount(found) if found else CANNOT_TELL


def _weights(mine: int | None, theirs: int | None) -> Line:
    told = ("no files here" if size is None else f"{size / 2**20:,.1f} MiB" for size in (mine, theirs))
    share = _share(mine / theirs) if mine is not None and theirs else CANNOT_TELL
    return Line("weights", *told, None, share)
