"""Near-duplicates by MinHash, locality-sensitive hashing and exact verification.

compared = pending(lake.scan("rollouts"), lake.scan("signatures"), recipe.duplicates)
found = find(
    documents(compared, prompts), lake.scan("signatures"), documents(rollouts, prompts), recipe.duplicates
)
kept = near_duplicates(pl.scan_parquet("traces.parquet"), id="id", text="text").filter("kept")
"""

from r1data.curate.dedup.find import Found, algorithm, documents, find, pending
from r1data.curate.dedup.near import Deduplicated, deduplicate, near_duplicates

__all__ = [
    "Deduplicated",
    "Found",
    "algorithm",
    "deduplicate",
    "documents",
    "find",
    "near_duplicates",
    "pending",
]
