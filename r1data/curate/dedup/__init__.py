"""Near-duplicates by MinHash, locality-sensitive hashing and exact verification.

compared = pending(lake.scan("rollouts"), lake.scan("signatures"), algorithm(0.8))
found = find(documents(compared, prompts), lake.scan("bands"), documents(rollouts, prompts), threshold=0.8)
"""

from r1data.curate.dedup.find import Found, algorithm, documents, find, pending

__all__ = ["Found", "algorithm", "documents", "find", "pending"]
