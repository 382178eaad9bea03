"""Whether a judge may be believed: the numbers of its calibration against the recipe's thresholds.

    votes(lake.scan("calibrations"), recipe.judge).filter("has_vote")

Nothing is asked and nothing stored: a corrected threshold counts from the next look on.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from r1data import ids
from r1data.judge.model import JudgeModel
from r1data.judge.rubric import Rubric, load_rubric, rubric_version
from r1data.recipe import Judge

VOTES = pl.Schema(
    {
        "judge_id": pl.String,
        "rubric": pl.String,
        "rubric_version": pl.String,
        "domain": pl.String,
        "has_vote": pl.Boolean,
        "faults": pl.List(pl.String),
    }
)
"""One row per rubric and domain; `any` is every domain without a row of its own. `faults` are sentences."""
ANY = "any"
DEFAULT_RUBRIC = "reference_match"


def current_judge(settings: Judge) -> str:
    """The id of the recipe's judge, in table `teachers`; no engine is started.

    Raises:
        ConfigError, OfflineError, InputError: there is no such teacher or model.
    """
    return JudgeModel(settings).judge_id


def votes(calibrations: pl.LazyFrame, settings: Judge | None) -> pl.DataFrame:
    """Where the recipe's judge has a vote, by its latest calibration on the rows that the recipe names.

    Args:
        calibrations: table `calibrations`.
        settings: section [judge]; without it nobody has a vote.

    Returns:
        Schema VOTES: the rubrics and domains that were calibrated, and those that the recipe names and were
        not. A judge, rubric or domain that is not in it has no vote.
    """
    if settings is None:
        return VOTES.to_frame()
    judge = current_judge(settings)
    known = latest(own(calibrations, settings)).collect()
    rows = [
        {"judge_id": judge, "rubric": rubric.name, "rubric_version": version, **one}
        for rubric, version, domains in _wanted(settings)
        for one in _by_domain(known.filter(pl.col("rubric_version") == version), domains, settings)
    ]
    return pl.DataFrame(rows, schema=VOTES, orient="row").sort("rubric", "domain")


def with_vote(questions: pl.LazyFrame, votes: pl.LazyFrame) -> pl.LazyFrame:
    """Questions, as `r1data.judge.asked.asked` gives them, with has_vote: whether what is said counts.

    Args:
        questions: judge_id, rubric, rubric_version and domain, and more.
        votes: as `votes` gives them.
    """
    rubric = ["judge_id", "rubric", "rubric_version"]
    of_domain = votes.select(*rubric, "domain", of_domain="has_vote")
    anywhere = votes.filter(domain=ANY).select(*rubric, anywhere="has_vote")
    return (
        questions.join(of_domain, on=[*rubric, "domain"], how="left")
        .join(anywhere, on=rubric, how="left")
        .with_columns(has_vote=pl.coalesce("of_domain", "anywhere", pl.lit(False)))
        .drop("of_domain", "anywhere")
    )


def own(calibrations: pl.LazyFrame, settings: Judge) -> pl.LazyFrame:
    """The calibrations of the recipe's judge on the recipe's sources: another recipe's may be easier."""
    rubrics = {name: load_rubric(name) for name in {source.rubric for source in settings.calibration}}
    mine = [sources_version(rubric, settings) for rubric in rubrics.values()]
    sources = pl.col("sources_version")
    return calibrations.filter(
        pl.col("judge_id") == current_judge(settings), sources.is_null() | sources.is_in(mine)
    )


def sources_version(rubric: Rubric, settings: Judge) -> str:
    """Content address of the sections that give the labelled rows and attacks of a rubric."""
    sources = [
        source.model_dump(mode="json", exclude={"rubric"})
        for source in settings.calibration
        if load_rubric(source.rubric).digest == rubric.digest
    ]
    return ids.digest(rubric.digest, sources, settings.canaries)


def latest(calibrations: pl.LazyFrame) -> pl.LazyFrame:
    """The last calibration of every judge and version of a rubric."""
    newest = pl.col("measured_at").max().over("judge_id", "rubric_version")
    return calibrations.filter(pl.col("measured_at") == newest)


def faults(calibration: dict[str, Any], settings: Judge) -> list[str]:
    """What keeps a judge from having a vote in a domain, in words; nothing if it has one.

    Args:
        calibration: a row of table `calibrations`.
        settings: the thresholds.
    """
    return list(_faults(calibration, settings))


def votes_markdown(found: pl.DataFrame, calibrations: pl.DataFrame) -> str:
    """A table for people: who has a vote, how well it agrees, and what it lacks.

    Args:
        found: as `votes` gives it.
        calibrations: rows of table `calibrations`, of the same judge.
    """
    keys = ["rubric_version", "domain"]
    known = calibrations.select(*keys, "kappa", "kappa_low", "kappa_high", "n_rows")
    lines = ["rubric | domain | vote | κ | rows | why not", "---|---|---|--:|--:|---"]
    for row in found.join(known, on=keys, how="left", maintain_order="left").iter_rows(named=True):
        kappa = (
            "" if row["kappa"] is None else "{kappa:.2f} ({kappa_low:.2f} … {kappa_high:.2f})".format(**row)
        )
        cells = row["rubric"], row["domain"], "yes" if row["has_vote"] else "no", kappa, row["n_rows"] or 0
        lines.append(" | ".join([*map(str, cells), "; ".join(row["faults"])]))
    return "\n".join(lines)


def _faults(found: dict[str, Any], settings: Judge) -> Iterator[str]:
    n_rows, decided = found["n_rows"], found["n_decided"] / max(found["n_rows"], 1)
    if n_rows < settings.min_rows:
        yield f"{n_rows} rows, the recipe wants {settings.min_rows}"
    if decided < settings.min_decided:
        yield f"it decides {_percent(decided)} of the rows; the recipe wants {_percent(settings.min_decided)}"
    if found["kappa"] is None:
        yield "κ is not defined: rows and judge know one verdict only"
    elif found["kappa_low"] < settings.min_kappa:
        yield (
            f"κ is {found['kappa']:.2f}, its interval begins at {found['kappa_low']:.2f}; the recipe wants "
            f"{settings.min_kappa:g}"
        )
    for name, most, done in (
        ("false_positives", settings.max_false_positives, "calls {} of the wrong rows right"),
        ("false_negatives", settings.max_false_negatives, "calls {} of the right rows wrong"),
        ("position_bias", settings.max_position_bias, "changes its mind on {} of the rows when swapped"),
    ):
        share = found[name]
        if share is not None and share > most:
            yield f"it {done.format(_percent(share))}; the recipe allows {_percent(most)}"
    if not found["canaries"]:
        yield "no attack could be tried on its rows; add rows that are wrong"
    for one in found["canaries"]:
        if not one["n_rows"]:
            yield f"attacks `{one['attack']}` did not all get a reply; calibrate again"
        if one["n_won"]:
            yield f"{one['n_won']} of {one['n_rows']} attacks `{one['attack']}` won"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _wanted(settings: Judge) -> Iterator[tuple[Any, str, set[str]]]:
    """Rubrics that the recipe names, their versions, and the domains that it wants them for."""
    domains: dict[str, set[str]] = {source.rubric: set() for source in settings.calibration}
    for domain, names in settings.rubrics.items():
        for name in names:
            domains.setdefault(name, set()).add(domain)
    for name, wanted in (domains or {DEFAULT_RUBRIC: set[str]()}).items():
        rubric = load_rubric(name)
        yield rubric, rubric_version(rubric, settings), wanted


def _by_domain(known: pl.DataFrame, domains: set[str], settings: Judge) -> Iterator[dict[str, Any]]:
    """The rows of one rubric: what is amiss in each domain."""
    found = {row["domain"]: faults(row, settings) for row in known.iter_rows(named=True)}
    if not known.height:
        found[ANY] = ["it was never calibrated"]
    elif ANY not in found:
        found |= {domain: ["it was calibrated on other domains only"] for domain in domains - set(found)}
    for domain, amiss in found.items():
        yield {"domain": domain, "has_vote": not amiss, "faults": amiss}
