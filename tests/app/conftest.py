"""The lake that the page is looked at over, once for each test or for many that only read."""

import shutil
from pathlib import Path

import pytest

from r1data.lake import Lake
from tests.kept import Kept


@pytest.fixture(scope="session")
def read_lake(lake_to_review: Path) -> Lake:
    """`lake_to_review` itself, which no test may change."""
    return Lake(lake_to_review)


@pytest.fixture(scope="session")
def kept_review(lake_to_review: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A copy of `lake_to_review`, with a catalog of its own."""
    place = shutil.copytree(lake_to_review, tmp_path_factory.mktemp("page") / "review lake")
    Lake(place).rebuild_catalog()
    return Kept(place)


@pytest.fixture
def review_lake(kept_review: Kept) -> Lake:
    """`lake_to_review` for a test to change."""
    return kept_review.put_back()
