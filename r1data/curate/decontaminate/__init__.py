"""Decontamination: mark prompts and traces that hold a benchmark item.

facts = contamination(subjects, lake.scan("benchmarks"), recipe.contamination)
hits(texts, Index(benchmarks), recipe.contamination)    # of any texts
"""

from r1data.curate.decontaminate.compare import Hit, hits
from r1data.curate.decontaminate.facts import contamination, version
from r1data.curate.decontaminate.index import Index

__all__ = ["Hit", "Index", "contamination", "hits", "version"]
