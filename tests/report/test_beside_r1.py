"""The corpus beside R1's, as Dagster shows it."""

import polars as pl

from r1data.lake import Lake
from r1data.report.beside_r1 import beside_r1, beside_r1_markdown
from r1data.schema.corpus import CORPUS


def test_an_empty_domain_is_a_row_of_its_own_and_the_table_renders_in_place(tmp_path):
    lake = Lake(tmp_path / "lake")
    given = {
        "recipe": "night",
        "night": "2026-01-02",
        "rollout_id": "a",
        "domain": "math",
        "student_tokens": 30,
    }
    row = {name: given.get(name) for name in CORPUS.schema}
    partition = {"recipe": "night", "night": "2026-01-02"}
    lake.begin("corpus", partition)
    lake.replace("corpus", partition, pl.DataFrame([row], schema=CORPUS.schema))
    text = beside_r1_markdown(beside_r1(lake, "night"))
    assert "math | 1 | 1 | 30 | 0.4912 | 6,094" in text
    assert "code | 0 | 0 |  | 0.2624 | 7,436" in text
    assert len(text) < 1000
