"""A student beside another model: shares of what is solved and spent, and intervals that hold as said."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from r1data.evaluate.against import Against, against, per_solved, with_memory, with_usd
from r1data.evaluate.estimate import difference, mean_rate, ratio
from r1data.generate.models import ModelFolder
from r1data.recipe import Prices
from r1data.report.plots import shares
from tests.evaluate.test_metrics import attempts

ITEMS = 60
TRUE_RATES, TRUE_TOKENS = (0.6, 0.8), (40, 400)


def drawn(seed: int, *, which: int, n: int = ITEMS) -> pl.DataFrame:
    """One attempt at each item; student 0 and other 1 find the same items hard."""
    chance = np.random.default_rng(seed)
    hard = chance.random(n)
    own = np.random.default_rng([seed, which])
    solved = 0.7 * hard + 0.3 * own.random(n) < np.quantile(hard, TRUE_RATES[which])
    tokens = (TRUE_TOKENS[which] * own.gamma(4, 0.25, n)).astype(int) + 1
    made = attempts({f"i{item:03}": [bool(one)] for item, one in enumerate(solved)})
    return made.with_columns(completion_tokens=pl.Series(tokens, dtype=pl.Int64))


def beside(student: pl.DataFrame, other: pl.DataFrame, prices: Prices | None = None) -> Against:
    return against("teacher", *(elsewhere(with_usd(one, prices, "vllm")) for one in (student, other)))


def elsewhere(made: pl.DataFrame) -> pl.DataFrame:
    """Attempts of a model that has no files here."""
    return with_memory(made, ModelFolder(Path("nowhere"), "r", None, None))


def test_a_model_beside_itself_is_its_equal_in_everything():
    same = drawn(1, which=0)
    found = beside(same, same, Prices(usd_per_hour=2))
    told = [found.accuracy, *(one.attempt_ratio for one in found.takes.values())]
    told += [one.solved_ratio for one in found.takes.values()]
    assert len(told) == 7
    assert all([one.value, one.low, one.high] == pytest.approx([1, 1, 1]) for one in told if one)


def test_a_solved_prompt_takes_the_mean_of_an_attempt_over_the_share_that_is_solved():
    made = attempts({"a": [True, False], "b": [True, True]}, completion_tokens=30)
    found = per_solved(
        pl.concat([made, made.with_columns(item_id="c" + pl.col("item_id"))]), "completion_tokens"
    )
    assert found and found.value == pytest.approx(30 / 0.75)
    assert found.low < 40 < found.high


def test_the_interval_of_a_share_of_what_a_solved_prompt_takes_holds_as_often_as_it_says():
    many = [drawn(0, which=which, n=40_000) for which in (0, 1)]
    spent = [one["completion_tokens"].mean() / one["solved"].mean() for one in many]
    truth = spent[0] / spent[1]
    found = [beside(drawn(n, which=0), drawn(n, which=1)).takes["tokens"].solved_ratio for n in range(1, 101)]
    held = sum(one.low <= truth <= one.high for one in found if one)
    assert held >= 89  # of 100; 95 are meant, and 6 fewer happen once in a hundred


def test_models_that_solve_all_items_alike_are_not_told_apart_beyond_what_so_few_items_can_tell():
    def solves(rate: list[int]) -> pl.DataFrame:
        return pl.DataFrame({"item_id": list(range(50)), "index": [0] * 50, "solved": rate})

    all_, none, half = [1] * 50, [0] * 50, [1, 0] * 25
    alone = mean_rate([0.0] * 50, k=1)
    same = ratio(solves(all_), solves(all_))
    assert same and same.value == 1 and 0.9 < same.low < 0.95 and 1.05 < same.high < 1.1
    nothing = ratio(solves(none), solves(half))
    assert nothing and nothing.value == nothing.low == 0 and alone.high < nothing.high < 3 * alone.high
    assert ratio(solves(half), solves(none)) is None
    gain = difference(solves(all_), solves(all_))
    assert gain.value == 0 and -0.1 < gain.low < -0.05 and 0.05 < gain.high < 0.1
    assert shares({"nothing": nothing})


def test_what_nobody_solves_has_no_price_and_no_share():
    never = attempts({f"i{n:03}": [False] for n in range(ITEMS)})
    found = beside(drawn(1, which=0), never)
    assert found.accuracy is None
    assert found.takes["tokens"].solved[0] and found.takes["tokens"].solved[1] is None
    assert found.takes["tokens"].solved_ratio is None
    assert found.takes["tokens"].attempt_ratio


def test_an_attempt_costs_tokens_behind_an_api_and_hours_on_a_machine():
    made = attempts({"a": [True], "b": [False]}, prompt_tokens=1_000, completion_tokens=500, elapsed_s=36.0)
    tokens = Prices(usd_per_million_prompt_tokens=1, usd_per_million_completion_tokens=4)
    assert with_usd(made, tokens, "openai")["usd"].to_list() == pytest.approx([0.003, 0.003])
    assert with_usd(made, Prices(usd_per_hour=2), "vllm")["usd"].to_list() == pytest.approx([0.02, 0.02])


@pytest.mark.parametrize(
    ("prices", "engine"),
    [
        (None, "vllm"),
        (Prices(usd_per_million_completion_tokens=4), "vllm"),
        (Prices(usd_per_million_completion_tokens=4), "openai"),  # what prompts took was not stored
        (Prices(usd_per_hour=2), "openai"),
    ],
)
def test_where_no_price_is_known_none_is_made_up(prices: Prices | None, engine: str):
    priced = elsewhere(with_usd(drawn(1, which=0), prices, engine))
    assert priced["usd"].null_count() == ITEMS
    assert "usd" not in against("teacher", priced, priced).takes


def test_the_memory_of_an_attempt_is_the_weights_and_the_keys_and_values_of_its_tokens(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes(b"x" * 1_000)
    shape = {"num_hidden_layers": 4, "num_attention_heads": 4, "hidden_size": 128, "num_key_value_heads": 2}
    made = attempts({"a": [True]}, prompt_tokens=7, completion_tokens=3)

    def memory(**more: object) -> float | None:
        (tmp_path / "config.json").write_text(json.dumps(shape | more))
        return with_memory(made, ModelFolder(tmp_path, "r", None, None))["memory_bytes"].item()

    assert memory() == memory(layer_types=["full_attention"] * 4) == 1_000 + 10 * 2 * 2 * 4 * 2 * 32
    assert memory(head_dim=16) == 1_000 + 10 * 2 * 2 * 4 * 2 * 16
    assert memory(layer_types=["sliding_attention"]) is None
    assert memory(kv_lora_rank=64) is None
    (tmp_path / "model.safetensors").unlink()
    assert memory() is None
