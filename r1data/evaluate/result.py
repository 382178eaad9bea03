"""What an evaluation says of a student, in one place: the UI, the model card and the command line print it.

    result = result_of(Lake(), load_student("smollm2"), load_recipe())
    result.facts()["gain_low"]

A comparison whose interval holds 0 (of a difference) or has no end (of a ratio) tells nothing; it is printed
as it is, and `cannot tell` says so.
"""

from dataclasses import dataclass

import polars as pl

from r1data.evaluate.against import Against, against, weights_bytes, with_memory, with_usd
from r1data.evaluate.asks import BASE, STUDENT, TEACHER, TEACHER_AS_RECIPE, Asks, asks_of
from r1data.evaluate.attempts import Ask, check_complete
from r1data.evaluate.contaminated import Contaminated, contaminated
from r1data.evaluate.estimate import Estimate, difference, mean_rate, ratio
from r1data.evaluate.evaluate import items_of
from r1data.evaluate.items import asked_items
from r1data.evaluate.metrics import Metrics, metrics
from r1data.evaluate.rejudge import rejudged
from r1data.lake import Lake
from r1data.recipe import Evaluate, Recipe, Student
from r1data.train.exports import Export
from r1data.train.student import current_student
from r1data.verify import verify


@dataclass(frozen=True)
class Fared:
    """A model, how it fared at the student's benchmark, and the student beside it."""

    name: str
    metrics: Metrics
    weights_bytes: int | None
    """Size of its weights, the least memory that it takes; None of a model that has no files here."""
    gain: Estimate | None = None
    """The student's pass@1 less this one's, paired by item; None of the student itself."""
    ratio: Estimate | None = None
    """The student's pass@1 as a share of this one's; None of the student itself, and when nobody can tell."""


@dataclass(frozen=True)
class SideEffect:
    """One set, before and after training."""

    name: str
    n_items: int
    before: Estimate
    """Share of the base's attempts that are right, whatever their form."""
    after: Estimate
    """The same of the student."""
    change: Estimate
    """After less before, paired by item."""
    cap_hit_rates: tuple[float, float]
    """Share of attempts that hit the cap, before and after."""


@dataclass(frozen=True)
class Result:
    """What an evaluation says of a student."""

    how: Evaluate
    models: dict[str, Fared]
    """By part: student, base, teacher, teacher_as_recipe; the student first."""
    contamination: Contaminated
    """Items of the benchmark that the student may have met in training."""
    side_effects: tuple[SideEffect, ...]
    beside: tuple[Against, ...] = ()
    """The student beside every other model, number by number; nothing where no other was asked."""

    @property
    def student(self) -> Fared:
        """The student itself."""
        return self.models[STUDENT]

    def facts(self) -> dict[str, float | int]:
        """Numbers by name, for the UI to plot; what cannot be told is left out."""
        one = self.student.metrics
        told: dict[str, float | int] = {
            **_interval("pass_at_1", one.pass_at_1),
            **{f"pass_at_{k}": found.value for k, found in one.pass_at.items() if k > 1},
            **_interval(f"cons_at_{one.k}", one.cons_at_k),
            "last_number_right": one.last_number.value,
            "cap_hit_rate": one.cap_hit_rate,
            "unknown_rate": one.unknown_rate,
            "not_run_rate": one.not_run_rate,
            "completion_tokens": one.mean_completion_tokens,
            "seconds_per_attempt": one.mean_elapsed_s,
            "contaminated_items": len(self.contamination.item_ids),
            "contaminated_share": self.contamination.share,
        }
        prefixes = {BASE: "", TEACHER: "teacher_", TEACHER_AS_RECIPE: "teacher_as_recipe_"}
        for part, other in self.models.items():
            if part != STUDENT and other.gain:
                told[f"{part}_pass_at_1"] = other.metrics.pass_at_1.value
                told[f"{part}_not_run_rate"] = other.metrics.not_run_rate
                told[f"{part}_last_number_right"] = other.metrics.last_number.value
                told |= _interval(f"{prefixes[part]}gain", other.gain)
                if other.ratio and part != BASE:
                    told |= _interval(f"{part}_ratio", other.ratio)
        for compared in self.beside:
            for unit, takes in compared.takes.items():
                if takes.solved_ratio:
                    told |= _interval(f"{compared.part}_{unit}_per_solved_ratio", takes.solved_ratio)
        for effect in self.side_effects:
            told |= {f"{effect.name}_before": effect.before.value, f"{effect.name}_after": effect.after.value}
            told |= _interval(f"{effect.name}_change", effect.change)
        return told


def result_of(lake: Lake, student: Student, recipe: Recipe) -> Result:
    """What the stored attempts say of a student as it was trained last.

    Raises:
        ConfigError: it was never trained, it, its base or its teacher is gone, or the recipe has no such
            benchmark.
        InputError, OfflineError: the recipe's benchmark cannot be made again.
        SchemaError: it was not evaluated as its recipe says.
    """
    trained = current_student(lake.scan("students"), student.name)
    asks = asks_of(student, trained, recipe.generate)
    items = asked_items(lake.scan("benchmarks"), recipe, asks)
    return read_result(lake.scan("evaluations"), items, asks, trained.export, recipe)


def read_result(
    stored: pl.LazyFrame, items: pl.DataFrame, asks: Asks, export: Export, recipe: Recipe
) -> Result:
    """Sum up the stored attempts of an evaluation, as references and verifiers judge them now.

    Args:
        stored: table `evaluations`.
        items: `asked_items`; attempts at other items do not count.
        asks: who was asked what.
        export: what the student trained on.
        recipe: says when a text counts as a copy of an item, and how verdicts are made.

    Raises:
        SchemaError: an item has not exactly as many attempts as were asked for.
        ConfigError: a benchmark has no items.
    """

    def attempts(ask: Ask) -> pl.DataFrame:
        mine = items_of(items, ask.how.benchmark)
        found = ask.attempts(stored, mine)
        check_complete(found, mine, ask)
        return rejudged(found, mine, recipe.verify)

    found = {part: attempts(ask) for part, ask in asks.models.items()}
    models = {part: _fared(part, ask, found) for part, ask in asks.models.items()}
    sides = [_side_effect(name, *map(attempts, pair), items) for name, pair in asks.side_effects.items()]
    met = contaminated(items_of(items, asks.how.benchmark), export, recipe.contamination)
    prices = recipe.generate.prices
    took = {
        part: with_memory(with_usd(found[part], prices, ask.candidate.engine), ask.candidate.model)
        for part, ask in asks.models.items()
    }
    beside = [against(part, took[STUDENT], other) for part, other in took.items() if part != STUDENT]
    return Result(asks.how, models, met, tuple(sides), tuple(beside))


def _fared(part: str, ask: Ask, found: dict[str, pl.DataFrame]) -> Fared:
    (measured,) = metrics(found[part])
    fared = Fared(ask.candidate.name, measured, weights_bytes(ask.candidate.model))
    if part == STUDENT:
        return fared
    pair = found[STUDENT], found[part]
    return Fared(fared.name, measured, fared.weights_bytes, difference(*pair), ratio(*pair))


def kept(attempts: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Attempts at a set of side effects with `kept`: the answer is right, whether there was a thought or
    not. An answer that hit the cap is not, but where `refusal` judges it, whose verdict is read off the
    first sentences.
    """
    judged = items.select("benchmark", "item_id", "reference", "verifier")
    told = attempts.join(judged, on=["benchmark", "item_id"], how="left", maintain_order="left")
    found = [
        verify("refusal", row["completion"], row["reference"]).verdict == "right"
        if row["verifier"] == "refusal" and row["finish_reason"] == "length"
        else row["verdict"] == "right" and row["finish_reason"] == "stop"
        for row in told.iter_rows(named=True)
    ]
    return attempts.with_columns(kept=pl.Series(found, dtype=pl.Boolean))


def _side_effect(name: str, after: pl.DataFrame, before: pl.DataFrame, items: pl.DataFrame) -> SideEffect:
    after, before = kept(after, items), kept(before, items)
    k = after["index"].n_unique()
    rates = [one.group_by("item_id").agg(pl.col("kept").mean())["kept"].to_list() for one in (before, after)]
    caps = [float((one["finish_reason"] == "length").mean() or 0) for one in (before, after)]
    return SideEffect(
        name,
        len(rates[0]),
        mean_rate(rates[0], k=k),
        mean_rate(rates[1], k=k),
        difference(after, before, column="kept"),
        (caps[0], caps[1]),
    )


def _interval(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
