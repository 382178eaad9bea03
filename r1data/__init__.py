"""r1data: verified, deduplicated, single-language corpora of long chain-of-thought traces, every night.

The folders are the data flow: `prompts`, `generate`, `verify`, `curate`, `train`, `evaluate`; everything
they know is kept in the tables that `schema` describes and `lake` stores. Dagster's definitions live beside
it, in `assets`.
"""

__version__ = "0.1.0"
