"""Content addresses: what changes them and what does not."""

from hypothesis import given
from hypothesis import strategies as st

from r1data import ids


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_blanks_around_and_unicode_forms_do_not_change_a_prompt():
    assert ids.prompt_id(user("caf\u00e9")) == ids.prompt_id(user("  cafe\u0301\n"))


def test_role_text_and_turns_change_a_prompt():
    one = ids.prompt_id(user("a"))
    assert one != ids.prompt_id(user("b"))
    assert one != ids.prompt_id([{"role": "system", "content": "a"}])
    assert one != ids.prompt_id([*user("a"), *user("a")])


def test_the_order_of_keys_does_not_change_a_digest_and_the_split_into_parts_does():
    assert ids.digest({"a": 1, "b": 2}) == ids.digest({"b": 2, "a": 1})
    assert ids.digest("ab", "c") != ids.digest("a", "bc")


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_seed_fits_a_signed_64_bit_integer(rollout: str):
    assert 0 <= ids.seed(rollout) < 2**63


def test_every_attempt_has_an_id_and_a_seed_of_its_own():
    rollouts = {ids.rollout_id("p", "t", index) for index in range(1000)}
    assert len(rollouts) == len({ids.seed(rollout) for rollout in rollouts}) == 1000
