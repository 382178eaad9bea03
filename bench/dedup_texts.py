"""Texts with planted near-duplicates whose Jaccard similarity is known, for `bench.dedup`.

A word that is replaced far from other replacements takes five shingles with it, so k of them in n shingles
give (n - 5k) / (n + 5k).
"""

from pathlib import Path

import numpy as np
import polars as pl

VOCABULARY = 30_000
SHARE = 0.1
"""Of the documents that are copies with edits."""
PLANTED = (0.75, 0.81, 0.83, 0.86, 0.9, 0.95)
BATCH = 2000


def vocabulary(kind: str, luck: np.random.Generator) -> list[str]:
    """Words, most frequent first: Latin ones, or single Chinese characters, or both in turn."""
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    latin = ["".join(luck.choice(letters, size)) for size in luck.integers(1, 11, VOCABULARY)]
    chinese = [chr(code) for code in luck.permutation(np.arange(0x4E00, 0x4E00 + 6000))]
    if kind == "zh":
        return chinese
    return latin if kind == "en" else [w for pair in zip(latin[:6000], chinese, strict=True) for w in pair]


def write(path: Path, kind: str, n: int, n_bytes: int, seed: int = 0) -> None:
    """Write n documents of about `n_bytes` bytes: id, text, copy_of (an id, or null), planted (or null)."""
    luck = np.random.default_rng(seed)
    words = np.array(vocabulary(kind, luck), dtype=object)
    n_words = n_bytes // {"en": 6, "zh": 3, "mixed": 6}[kind]
    glue = "" if kind == "zh" else " "
    frames = []
    for first in range(0, n, BATCH):
        rows, originals = [], list[tuple[int, np.ndarray]]()
        for row in range(first, min(n, first + BATCH)):
            copy_of, planted = None, None
            if originals and luck.random() < SHARE:
                copy_of, chosen = originals[int(luck.integers(len(originals)))]
                planted = PLANTED[int(luck.integers(len(PLANTED)))]
                chosen = edited(chosen, planted, len(words), luck)
            else:
                size = int(n_words * luck.uniform(0.5, 1.5))
                chosen = np.minimum(luck.zipf(1.2, size) - 1, len(words) - 1) if size else np.empty(0, int)
                originals.append((row, chosen))
            rows.append((row, glue.join(words[chosen]), copy_of, planted))
        frames.append(
            pl.DataFrame(rows, ["id", "text", "copy_of", "planted"], orient="row", infer_schema_length=None)
        )
    pl.concat(frames).write_parquet(path, row_group_size=BATCH)


def edited(chosen: np.ndarray, jaccard: float, n_words: int, luck: np.random.Generator) -> np.ndarray:
    """A copy with as many words replaced, far from one another, as bring it to a similarity."""
    n_shingles = len(chosen) - 4
    n_edits = max(1, round(n_shingles * (1 - jaccard) / (1 + jaccard) / 5))
    places = luck.choice((len(chosen) - 8) // 6, n_edits, replace=False) * 6 + 4
    changed = chosen.copy()
    changed[places] = luck.integers(0, n_words, n_edits)
    return changed
