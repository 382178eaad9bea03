"""A student that could not be asked after its training is refused before it."""

import pytest

from r1data.errors import ConfigError
from r1data.evaluate.askable import check_askable
from r1data.recipe import Evaluate, RewardModel, Sft, Student, load_recipe
from tests.conftest import FAKE

TOY = FAKE.parents[2] / "recipes" / "toy.toml"
BASE = "scratch:chars"  # reads 1,024 tokens


def test_a_benchmark_that_the_recipe_lacks_is_named_with_those_that_it_has():
    student = Student(name="one", base=BASE, evaluate=Evaluate(benchmark="aime24"))
    with pytest.raises(ConfigError, match="judged by benchmark aime24, and recipe toy has heldout"):
        check_askable(student, load_recipe(TOY))
    check_askable(Student(name="one", base=BASE), load_recipe(TOY))


@pytest.mark.parametrize(
    ("student", "what"),
    [
        ({"sft": Sft(max_tokens=2048)}, "max_tokens under .sft. .* 2,048"),
        (
            {"evaluate": Evaluate(context_tokens=1025)},
            "context_tokens under .evaluate. .* 1,025",
        ),
        (
            {"trainer": "reward_model", "reward_model": RewardModel()},
            "max_tokens under .reward_model. .* 8,192",
        ),
    ],
)
def test_a_base_that_reads_less_than_it_is_given_is_refused(student: dict[str, object], what: str):
    with pytest.raises(ConfigError, match=f"{BASE} reads 1,024 tokens .* and {what}"):
        check_askable(Student(name="one", base=BASE, **student), load_recipe(TOY))
