"""Exports: a mix's rows → files that a trainer reads. To add a form, write a file here and name it
below.
"""

from r1data.train.exports import trl
from r1data.train.exports.trl import Export

EXPORTS = {"trl": trl.export}
"""Functions `(rows, folder, *, inputs) -> Export`, by form."""

__all__ = ["EXPORTS", "Export"]
