"""How well a judge agrees with known verdicts: Cohen's κ, shares with their intervals, bias by place.

>>> cohens_kappa([[20, 5], [10, 15]]).percent()
'40.0 % (15.1 … 64.9)'
"""

import math
from collections.abc import Sequence

from r1data.evaluate.estimate import Estimate, Z, mean_rate


def cohens_kappa(table: Sequence[Sequence[int]]) -> Estimate | None:
    """Agreement beyond chance, -1 … 1, with its 95 % interval.

    Cohen 1960, *A coefficient of agreement for nominal scales*; the interval is the large-sample one of
    Fleiss, Cohen & Everitt 1969, *Large sample standard errors of kappa and weighted kappa*, equation 13. It
    has no width where all agree, however few they are, so ask for a number of rows, too.

    Args:
        table: how often the first said the row's word and the second the column's; square.

    Returns:
        None where κ is not defined: nothing was said, or both always said the same word.
    """
    n = sum(map(sum, table))
    if not n:
        return None
    sides = range(len(table))
    rows = [sum(row) / n for row in table]
    columns = [sum(row[j] for row in table) / n for j in sides]
    agreed = sum(table[i][i] for i in sides) / n
    chance = sum(rows[i] * columns[i] for i in sides)
    if math.isclose(chance, 1):
        return None
    kappa = (agreed - chance) / (1 - chance)
    same = sum(table[i][i] / n * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in sides)
    other = sum(table[i][j] / n * (columns[i] + rows[j]) ** 2 for i in sides for j in sides if i != j)
    spread = same + (1 - kappa) ** 2 * other - (kappa - chance * (1 - kappa)) ** 2
    half = Z * math.sqrt(max(spread, 0) / n) / (1 - chance)
    return Estimate(kappa, max(-1.0, kappa - half), min(1.0, kappa + half))


def share(hits: Sequence[bool]) -> Estimate | None:
    """The share that is true, with Wilson's 95 % interval; None of nothing."""
    return mean_rate([float(hit) for hit in hits], k=1) if hits else None
