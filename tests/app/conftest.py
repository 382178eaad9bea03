"""The lake that the page is looked at over, once for each test or for many that only read."""

import shutil
from pathlib import Path

import pytest

from r1data.lake import Lake


@pytest.fixture(scope="session")
def read_lake(lake_to_review: Path) -> Lake:
    """`lake_to_review` itself, which no test may change."""
    return Lake(lake_to_review)


@pytest.fixture(scope="session")
def review_place(lake_to_review: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Where `review_lake` is, and what it holds at first: a catalog of that place, which takes a while to
    make.
    """
    folder = tmp_path_factory.mktemp("page")
    Lake(shutil.copytree(lake_to_review, folder / "review lake")).rebuild_catalog()
    shutil.copytree(folder / "review lake", folder / "first")
    return folder / "review lake", folder / "first"


@pytest.fixture
def review_lake(review_place: tuple[Path, Path]) -> Lake:
    """This test's own copy of `lake_to_review`, in the place of the one before."""
    place, first = review_place
    shutil.rmtree(place)
    return Lake(shutil.copytree(first, place))
