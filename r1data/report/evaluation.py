"""A student's evaluation in Markdown, as the model card, the UI and the command line print it."""

from collections.abc import Mapping
from typing import Any

from r1data.evaluate.asks import BASE, STUDENT, TEACHER, TEACHER_AS_RECIPE
from r1data.evaluate.estimate import Estimate
from r1data.evaluate.result import Fared, Result, SideEffect

NAMED = {
    STUDENT: "",
    BASE: " (base)",
    TEACHER: " (teacher, zero-shot)",
    TEACHER_AS_RECIPE: " (teacher, as its recipe asks)",
}
CANNOT_TELL = "cannot tell"


def evaluation_section(result: Result) -> str:
    """Markdown without a heading: protocol, contamination, a table of models, comparisons, side effects."""
    how, one = result.how, result.student.metrics
    lines = [
        f"Benchmark `{how.benchmark}`: {one.n_items} items, zero-shot, {one.k} attempts each, temperature "
        f"{how.sampling.temperature}, top-p {how.sampling.top_p}, at most {how.max_tokens} tokens; intervals "
        "are 95 %. An attempt is solved when it is right, well-formed and finished; one that hit the cap is "
        "not. cons@k and the last number ask for the right answer in any form.",
        "",
        f"Contamination: the training rows hold {result.contamination.told()} of the benchmark.",
        "",
        *_models(result),
        "",
        *(line for part, other in result.models.items() if other.gain for line in _beside(part, other)),
    ]
    if result.side_effects:
        lines += ["", *_side_effects(result)]
    return "\n".join(lines).rstrip()


def heldout_section(heldout: Mapping[str, Any]) -> str:
    """How a reward model told pairs that were kept apart, in a sentence; `TrainedStudent.heldout`."""
    if not heldout:
        return "It was not evaluated."
    right = Estimate(heldout["accuracy"], heldout["low"], heldout["high"])
    longer = f"{heldout['longer_is_better']:.1%}".replace("%", " %")
    return (
        f"Of {heldout['n_pairs']:,} pairs that were kept apart, the better trace got the larger number in "
        f"{right.percent()[:-1]}, 95 %); it is the longer one in {longer}."
    )


def verdict_of(gain: Estimate) -> str:
    """`better`, `worse`, or `cannot tell` when the interval holds 0."""
    return CANNOT_TELL if gain.low <= 0 <= gain.high else "better" if gain.low > 0 else "worse"


def _models(result: Result) -> list[str]:
    ks = list(result.student.metrics.pass_at)
    heads = ["model", *(f"pass@{k}" for k in ks), f"cons@{ks[-1]}", "last number"]
    heads += ["well-formed", "cap hits", "no verdict", "not run", "tokens", "s", "weights"]
    rows = [[_name(part, one), *_cells(one)] for part, one in result.models.items()]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def _cells(one: Fared) -> list[str]:
    found = one.metrics
    shares = (found.well_formed, found.cap_hit_rate, found.unknown_rate, found.not_run_rate)
    return [
        *(estimate.percent() for estimate in (*found.pass_at.values(), found.cons_at_k, found.last_number)),
        *(f"{100 * share:.1f} %" for share in shares),
        f"{found.mean_completion_tokens:.0f}",
        f"{found.mean_elapsed_s:.2f}",
        "" if one.weights_bytes is None else f"{one.weights_bytes / 2**20:,.0f} MiB",
    ]


def _beside(part: str, other: Fared) -> list[str]:
    assert other.gain
    told = [f"- Over {_name(part, other)}: {other.gain.points()}, {verdict_of(other.gain)}."]
    if part != BASE:
        share = other.ratio.times() if other.ratio else CANNOT_TELL
        told.append(f"- Accuracy as a share of {_name(part, other)}: {share}.")
    return told


def _side_effects(result: Result) -> list[str]:
    asked = result.how.side_effects
    return [
        f"Side effects, attempts at each item: {asked.k}, of at most {asked.max_tokens} tokens; the share of "
        "attempts that are right, whatever their form.",
        "",
        "| set | items | before | after | change | | cap hits before | after |",
        "|---|---|---|---|---|---|---|---|",
        *map(_side_effect, result.side_effects),
    ]


def _side_effect(one: SideEffect) -> str:
    cells = [one.name, str(one.n_items), one.before.percent(), one.after.percent(), one.change.points()]
    cells += [verdict_of(one.change), *(f"{100 * rate:.1f} %" for rate in one.cap_hit_rates)]
    return f"| {' | '.join(cells)} |"


def _name(part: str, one: Fared) -> str:
    return one.name + NAMED[part]
