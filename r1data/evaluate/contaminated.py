"""How much of a benchmark a student may have met in training, in any wording that decontamination finds.

Rows that ask an item as it stands are refused (`leak`); what is counted here shares a run of words with an
item or is nearly equal to it, as `r1data.curate.decontaminate` defines it, and nobody is refused for it.
"""

from dataclasses import dataclass

import polars as pl

from r1data.curate.decontaminate import Index
from r1data.curate.decontaminate.facts import compared
from r1data.recipe import Contamination
from r1data.train.exports import Export

TEXTS = ("prompt", "completion", "chosen", "rejected")
"""Columns of exports that hold messages."""


@dataclass(frozen=True)
class Contaminated:
    """A benchmark beside what a student trained on."""

    n_items: int
    item_ids: tuple[str, ...]
    """Items that a prompt or a trace of the export holds."""

    @property
    def share(self) -> float:
        """Of the benchmark's items, 0 … 1."""
        return len(self.item_ids) / self.n_items

    def told(self) -> str:
        """For people: `2 of 96 items (2.1 %)`."""
        return f"{len(self.item_ids)} of {self.n_items} items ({100 * self.share:.1f} %)"


def contaminated(items: pl.DataFrame, export: Export, settings: Contamination) -> Contaminated:
    """Count the items of a benchmark that a prompt or a trace of an export holds.

    What this does not see is what decontamination does not see: paraphrases with other words, and
    translations, unless the recipe has its optional stage of embeddings.

    Args:
        items: rows of table `benchmarks`, of one benchmark.
        export: what a student trained on, of form trl, grpo or dpo.
        settings: thresholds of the recipe.
    """
    rows = pl.scan_ndjson(export.rows)
    columns = [name for name in TEXTS if name in rows.collect_schema()]
    content = pl.element().struct.field("content")
    texts = pl.concat([rows.select(text=pl.col(name).list.eval(content).list.join("\n")) for name in columns])
    found, left = set[str](), items
    # Of several items that a text holds, only the one with most in common is told: the others come next time.
    while left.height:
        index, held = Index(left), [pl.DataFrame(schema={"text": pl.String})]
        for batch, hits in compared(texts, index, settings):
            held.append(batch[sorted(hits)])
            found |= {index.rows["item_id"][hit.item] for hit in hits.values()}
        again = pl.concat(held)
        if again.is_empty():
            break
        texts = again.lazy()
        left = left.filter(~pl.col("item_id").is_in(list(found)))
    return Contaminated(items["item_id"].n_unique(), tuple(sorted(found)))
