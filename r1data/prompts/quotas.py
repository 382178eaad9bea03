"""Quotas: how many prompts of a source and of a domain a night may ask.

What is beyond is marked and stays. Which prompts stay in is drawn by the night, so it is never only the first
rows of the first source, and a prompt that is left out tonight may be asked on another night.
"""

import duckdb
import polars as pl

from r1data import ids
from r1data.curate.current import own_prompts
from r1data.lake.catalog import VIEWS
from r1data.lake.overlay import Scan
from r1data.prompts.intake import left_out
from r1data.recipe import Recipe


def r1_prompts() -> dict[str, int]:
    """Prompts by domain of R1's reinforcement learning, as view `r1_prompts` says them."""
    with duckdb.connect() as connection:
        return dict(connection.sql((VIEWS / "r1_prompts.sql").read_text(encoding="utf-8")).fetchall())


def within_quotas(marked: pl.DataFrame, recipe: Recipe, *, night: str) -> pl.DataFrame:
    """Mark kept prompts beyond the quota of their source, then those beyond the quota of their domain.

    Args:
        marked: schema INTAKE, all other marks made.
        recipe: `max_per_night` of its sources, and its `quotas`.
        night: the night, YYYY-MM-DD, by which is drawn.
    """
    sources = {s.name: s.max_per_night for s in recipe.prompts if s.max_per_night is not None}
    drawn = pl.Series("drawn", [ids.digest(one, night) for one in marked["prompt_id"]], dtype=pl.String)
    for column, quotas in (("source", sources), ("domain", recipe.quotas)):
        quota = pl.col(column).replace_strict(quotas, default=None, return_dtype=pl.Int64)
        place = pl.col("drawn").rank("ordinal").over(column, "kept")
        told = pl.concat_str(pl.lit(f"{column} "), column, pl.lit(": "), quota, pl.lit(" a night"))
        marked = left_out(marked.with_columns(drawn), place > quota, "over_quota", told)
    return marked


def without_licence(marked: pl.DataFrame) -> pl.DataFrame:
    """Mark kept prompts of table `intake` that have no licence."""
    told = pl.lit("the recipe says licence_required")
    return left_out(marked, pl.col("licence").is_null(), "no_licence", told)


def by_domain(scan: Scan, recipe: str, night: str) -> pl.DataFrame:
    """`beside_r1` of what a lake holds; `intake` and `prompts` are read, nights after `night` are not."""
    given = scan("intake").filter(pl.col("recipe") == recipe, pl.col("night") <= night)
    domains = own_prompts(scan("prompts"), given, recipe).select("prompt_id", "domain")
    joined = given.filter("kept").select("night", "prompt_id").join(domains, on="prompt_id")
    return beside_r1(joined.collect(), night)


def domains_markdown(table: pl.DataFrame) -> str:
    """What `beside_r1` gives, as a Markdown table."""
    lines = ["domain | tonight | all nights | share | R1's share", "---|--:|--:|--:|--:"]
    for domain, tonight, all_nights, share, r1_share in table.rows():
        told = "" if share is None else f"{share:.0%}"
        lines.append(f"{domain} | {tonight:,} | {all_nights:,} | {told} | {r1_share:.0%}")
    return "\n".join(lines)


def beside_r1(kept: pl.DataFrame, night: str) -> pl.DataFrame:
    """How tonight's and all prompts spread over domains, beside R1's.

    Args:
        kept: night, prompt_id, domain of the kept prompts of one recipe.
        night: tonight.

    Returns:
        domain, tonight, all_nights, share, r1_share (0 … 1), R1's domains first.
    """
    distinct = kept.unique("prompt_id")
    r1 = r1_prompts()
    n_all, r1_all = distinct.height, sum(r1.values())
    rows = [
        {
            "domain": domain,
            "tonight": kept.filter(night=night, domain=domain).height,
            "all_nights": (n := distinct.filter(domain=domain).height),
            "share": n / n_all if n_all else None,
            "r1_share": r1.get(domain, 0) / r1_all,
        }
        for domain in [*r1, *sorted(set(distinct["domain"]) - set(r1))]
    ]
    kinds = {"domain": pl.String, "tonight": pl.Int64, "all_nights": pl.Int64}
    return pl.DataFrame(rows, schema={**kinds, "share": pl.Float64, "r1_share": pl.Float64})
