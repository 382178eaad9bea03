"""What a person sees in Dagster's pages after a night."""

import json
import re
import urllib.request
from collections.abc import Callable

import pytest

from r1data.schema import TABLES

pytestmark = pytest.mark.browser

Shows = Callable[[list[str]], bool]
MATERIALISED = """
{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { metadataEntries {
    label ... on IntMetadataEntry { intRepr } ... on FloatMetadataEntry { floatValue } } } } }
"""


@pytest.fixture(scope="session")
def numbers(pages: str) -> dict[str, dict[str, float]]:
    """The numbers that every asset of the night reported last: asset, name, value."""
    body = json.dumps({"query": MATERIALISED}).encode()
    request = urllib.request.Request(f"{pages}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        nodes = json.load(answer)["data"]["assetNodes"]
    reported = {node["assetKey"]["path"][-1]: node["assetMaterializations"] for node in nodes}
    return {
        asset: {
            entry["label"]: float(entry.get("intRepr") or entry["floatValue"])
            for entry in (last[0]["metadataEntries"] if last else [])
            if {"intRepr", "floatValue"} & entry.keys()
        }
        for asset, last in reported.items()
    }


def beside(shown: list[str], name: str) -> set[float]:
    """The numbers in the same row of a table as `name`; a page writes 2.0 as 2 and may group thousands."""
    rows = [shown[place + 1 : place + 4] for place, piece in enumerate(shown) if piece == name]
    cells = [cell.replace(",", "") for row in rows for cell in row]
    return {float(cell) for cell in cells if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)}


@pytest.mark.parametrize("asset", ["rollouts", "verdicts", "corpus"])
def test_the_page_of_an_asset_shows_the_numbers_of_its_last_night(
    asset: str, numbers: dict[str, dict[str, float]], text_of: Callable[[str, Shows], list[str]]
) -> None:
    own = {name: value for name, value in numbers[asset].items() if not name.startswith("dagster/")}
    assert own

    def missing(shown: list[str]) -> dict[str, float]:
        pieces = [piece for piece in shown if piece]
        return {name: value for name, value in own.items() if value not in beside(pieces, name)}

    assert missing(text_of(f"/assets/{asset}?view=overview", lambda shown: not missing(shown))) == {}


def test_the_page_of_the_corpus_describes_every_column(text_of: Callable[[str, Shows], list[str]]) -> None:
    columns = TABLES["corpus"].columns
    names, docs = {column.name for column in columns}, {column.doc for column in columns}
    shown = set(text_of("/assets/corpus?view=overview", (names | docs).issubset))
    assert names <= shown
    assert docs <= shown


def test_the_lineage_of_the_corpus_reaches_from_prompts_to_selection(
    text_of: Callable[[str, Shows], list[str]],
) -> None:
    assets = {"prompts", "plan", "rollouts", "verdicts", "selected", "corpus"}
    shown = text_of("/assets/corpus?view=lineage&lineageScope=upstream&lineageDepth=9", assets.issubset)
    assert assets <= set(shown)
