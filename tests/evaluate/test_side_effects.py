"""The sets of side effects are whole, verifiable, and no larger than they need to be."""

from datetime import date

import pytest

from r1data.errors import ConfigError
from r1data.evaluate.side_effects import VERIFIERS, with_side_effects
from r1data.recipe import Evaluate
from r1data.schema import TABLES
from r1data.verify import own_completion, verify

NONE = TABLES["benchmarks"].empty()


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_set_has_twenty_items_or_more_and_each_accepts_its_own_reference(name: str):
    items = with_side_effects(NONE, [name], start=date(2026, 1, 1))
    assert items.height >= 20 and items["item_id"].n_unique() == items.height
    for row in items.iter_rows(named=True):
        completion = own_completion(row["verifier"], row["reference"])
        assert verify(row["verifier"], completion, row["reference"]).verdict == "right", row["messages"]


def test_every_set_is_asked_unless_a_recipe_says_otherwise():
    assert Evaluate().side_effects.sets == tuple(VERIFIERS)


def test_a_benchmark_of_the_lake_takes_the_place_of_a_set_of_its_name():
    mine = with_side_effects(NONE, ["refusal"], start=date(2026, 1, 1)).head(1)
    both = with_side_effects(mine, ["refusal", "over_refusal"], start=date(2026, 1, 1))
    assert both["benchmark"].value_counts(sort=True).rows() == [("over_refusal", 24), ("refusal", 1)]


def test_a_set_that_there_is_not_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean `refusal`"):
        with_side_effects(NONE, ["refusals"], start=date(2026, 1, 1))
