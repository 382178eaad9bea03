"""Items of a benchmark are counted that a training row holds, in a prompt or in a trace."""

from pathlib import Path

import polars as pl

from r1data.evaluate import contaminated
from r1data.recipe import Contamination, ExportRules
from r1data.train.exports import About, Export, Policy, export

ITEMS = {
    "boxes": "Mara packs 14 boxes of pears into a van, sells 5 of them at the market and gives 2 away.",
    "train": "A train leaves the old station at noon with 96 people, and 17 get off at the river.",
    "rope": "A rope of 75 metres is cut into 5 equal parts, and 3 of these are tied together.",
}


def items() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "benchmark": ["heldout"] * len(ITEMS),
            "item_id": list(ITEMS),
            "messages": [[{"role": "user", "content": text}] for text in ITEMS.values()],
        }
    )


def trained_on(folder: Path, *rows: tuple[str, str]) -> Export:
    """An export of traces, each a prompt and what was thought."""
    frame = pl.DataFrame(
        {
            "rollout_id": [f"r{i}" for i in range(len(rows))],
            "prompt_id": [f"p{i}" for i in range(len(rows))],
            "messages": [[{"role": "user", "content": prompt}] for prompt, _ in rows],
            "reasoning": [reasoning for _, reasoning in rows],
            "answer": ["5"] * len(rows),
            "completion_tokens": [9] * len(rows),
            "licence": ["CC0-1.0"] * len(rows),
            "terms": ["Apache-2.0"] * len(rows),
        }
    )
    return export([frame], folder, form="trl", policy=Policy(ExportRules(), None), about=About())


def test_an_item_counts_whether_a_prompt_or_a_trace_holds_it_and_also_if_another_one_stands_beside_it(
    tmp_path: Path,
):
    export_ = trained_on(
        tmp_path,
        ("What is 2 + 3?", f"First: {ITEMS['boxes']} And then: {ITEMS['train']}"),
        (f"Solve this. {ITEMS['boxes']}", "14 - 5 - 2 = 7."),
        (
            "A rope of 80 metres is cut into 4 equal parts, and 2 of these are tied together.",
            "40.",
        ),
    )
    found = contaminated(items(), export_, Contamination())
    assert found.item_ids == ("boxes", "train")  # other numbers make another problem of the rope
    assert found.told() == "2 of 3 items (66.7 %)"


def test_rows_that_share_nothing_with_a_benchmark_leave_it_clean(tmp_path: Path):
    found = contaminated(items(), trained_on(tmp_path, ("What is 2 + 3?", "2 + 3 = 5.")), Contamination())
    assert (found.item_ids, found.share) == ((), 0)
