"""How often the parser reads a judge's reply as its publisher did.

    python -m bench.judge_replies --data FOLDER [--list]

The folder holds `judge_llmbar_raw_replies_a.parquet`: replies of five judges that compared `Output (a)` with
`Output (b)`, and the winner that was published. Half of them have no text and tell nothing of a parser. Those
of PaLM2 with thoughts (CoT) that have several paragraphs are counted apart, too: most of them say `Output (b)
is better.` and are published as (a).
"""

import argparse
from pathlib import Path

import polars as pl

from r1data.judge.parse import read_word
from r1data.judge.rubric import load_rubric

FILE = "judge_llmbar_raw_replies_a.parquet"


def read(folder: Path) -> pl.DataFrame:
    """Replies with text, what is read in them (1, 2 or null), and whether they belong to the odd group."""
    rubric = load_rubric("pairwise")

    def winner(row: dict[str, str]) -> str | None:
        found = read_word(row["completion"].strip(), rubric.words, compares=True)
        first, second = ("1", "2") if row["order"] == "swap = False" else ("2", "1")
        return {"A": first, "B": second}.get(found.word) if found else None

    text = pl.col("completion").str.strip_chars()
    rows = pl.read_parquet(folder / FILE).filter(~text.is_in(["", "stop"]).fill_null(True))
    odd = (pl.col("judge") == "PaLM2") & (pl.col("strategy") == "CoT") & text.str.contains("\n\n")
    found = pl.Series("read", [winner(row) for row in rows.iter_rows(named=True)], pl.String)
    return rows.with_columns(found, odd=odd, agrees=pl.col("winner").eq_missing(found))


def main() -> None:
    """Print the shares."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--list", action="store_true", help="every reply that is read otherwise")
    given = options.parse_args()
    rows = read(given.data)
    for name, part in (("with text", rows), ("apart from the odd group", rows.filter(~pl.col("odd")))):
        print(f"{name}: {part['agrees'].sum()} of {part.height} ({part['agrees'].mean():.2%})")
    if given.list:
        for row in rows.filter(~pl.col("agrees")).iter_rows(named=True):
            print(row["odd"], row["order"], row["winner"], row["read"], repr(row["completion"]))


if __name__ == "__main__":
    main()
