"""The lake: Delta tables in a folder or on S3, published all or nothing, and a DuckDB catalog over them."""

from r1data.lake.lake import Lake
from r1data.lake.publish import Publication

__all__ = ["Lake", "Publication"]
