"""The reward of GRPO, alone and inside TRL's own trainer."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from r1data.errors import ConfigError
from r1data.recipe import Rewards
from r1data.train.rewards import Reward, trainer_settings

END, CAP = 2, 100
GOOD = "<think>\nThree and four make seven.\n</think>\n\nThe answer is 7."
WRONG = "<think>\nThree and four make eight.\n</think>\n\nThe answer is 8."
BARE = "The answer is 7."


def reward(**settings: Any) -> Reward:
    return Reward(Rewards(**settings), end_tokens=[END], max_tokens=CAP)


def rewards_of(
    function: Reward, *texts: Any, reference: str | None = "7", ids: list[int] | None = None, **more: Any
) -> list[float | None]:
    n = len(texts)
    return function(
        prompts=["3 + 4?"] * n,
        completions=list(texts),
        completion_ids=[ids or [5, END]] * n,
        verifier=["math"] * n,
        reference=[reference] * n,
        **more,
    )


def test_parts_are_weighed_and_added():
    function = reward(weights={"accuracy": 2.0, "format": 0.5})
    assert rewards_of(function, GOOD, WRONG, BARE) == [2.5, 0.5, 2.0]


def test_an_unknown_verdict_leaves_no_reward_whatever_the_form():
    assert rewards_of(reward(), GOOD, reference=None) == [None]
    told: dict[str, Any] = {}
    rewards_of(reward(), GOOD, GOOD, language=["en", "xx"], log_metric=told.__setitem__)
    assert told["reward/missing"] == 0.5 and told["reward/accuracy"] == 1.0


@pytest.mark.parametrize(
    ("overlong", "n_tokens", "worth"),
    [("mask", CAP, None), ("zero", CAP, 0.0), ("soft", CAP, -1.0), ("soft", CAP + 9, -1.0)],
)
def test_a_completion_that_hit_the_cap_is_worth_what_the_recipe_says(overlong, n_tokens, worth):
    function = reward(overlong=overlong, soft_tokens=20)
    assert rewards_of(function, GOOD, ids=[5] * n_tokens) == [worth]
    assert trainer_settings(Rewards(overlong=overlong)) == {"mask_truncated_completions": worth is None}


def test_a_soft_punishment_is_that_of_trl():
    from trl.rewards import get_soft_overlong_punishment

    theirs = get_soft_overlong_punishment(CAP, 20)
    function = reward(weights={"accuracy": 1.0}, overlong="soft", soft_tokens=20)
    for n in (1, 79, 80, 81, 90, 99, 100):
        ids = [5] * (n - 1) + [END]
        assert rewards_of(function, GOOD, ids=ids)[0] == pytest.approx(1.0 + theirs([ids])[0])


def test_a_thought_is_found_where_the_trainer_put_it():
    parsed = [{"role": "assistant", "reasoning_content": "3 + 4 = 7.", "content": "7"}]
    assert rewards_of(reward(), parsed) == [3.0]
    prefilled = Reward(Rewards(), end_tokens=[END], max_tokens=CAP, prefix="<think>\n")
    assert rewards_of(prefilled, GOOD.removeprefix("<think>\n")) == [3.0]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"weights": {"accurracy": 1}}, "did you mean `accuracy`"),
        ({"weights": {"exact": 1}}, "Known: accuracy"),
        ({"weights": {"accuracy": -1}}, "0 or more"),
        ({"weights": {"accuracy": 0}}, "nothing would be learnt"),
        ({"overlong": "soft", "soft_tokens": CAP + 1}, "Lower it"),
    ],
)
def test_a_recipe_that_cannot_reward_is_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        reward(**settings)


def test_it_can_be_sent_to_another_process():
    assert rewards_of(pickle.loads(pickle.dumps(reward())), GOOD) == [3.0]


def preferring(asked: list[Any], **more: Any) -> Reward:
    """A reward whose reward model likes all texts alike and counts twice; `asked` gets what it is asked."""

    def prefers(prompts: Any, completions: Any) -> list[float | None]:
        asked.extend(zip(prompts, completions, strict=True))
        return [None if len(text) > 65 else 0.0 for text in completions]

    preference = {"student": "helpful", "weight": 2.0, **more}
    return Reward(
        Rewards.model_validate({"preference": preference}), end_tokens=[END], max_tokens=CAP, prefers=prefers
    )


def test_a_preference_counts_in_its_domains_and_there_in_place_of_a_rule_that_there_is_not():
    asked: list[Any] = []
    told: dict[str, Any] = {}
    function = preferring(asked)
    rows = {
        "prompts": [[{"role": "user", "content": "3 + 4?"}], "3 + 4?", "A haiku?", "A haiku?", "A haiku?"],
        "completions": [BARE, BARE, BARE, BARE + " Rain." * 9, "<think>\nRain"],
        "completion_ids": [[5, END]] * 4 + [[5] * CAP],
        "verifier": ["math", "math", "judge", "judge", "judge"],
        "reference": ["7", "7", None, None, None],
        "domain": ["math", "general", "general", "general", "general"],
    }
    rewards = function(**rows, log_metric=told.__setitem__, log_extra=told.__setitem__)
    # accuracy and language; those and half of two; language and half of two; it cannot be read; it was cut
    assert rewards == [2.0, 3.0, 2.0, None, None]
    assert told["preference"] == ["not_asked", "preferred", "preferred", "too_long", "truncated"]
    assert told["reward/preference"] == 0.5 and told["reward/accuracy"] == 1.0
    assert [prompt[0]["content"] for prompt, _ in asked] == ["3 + 4?", "A haiku?", "A haiku?"]


def test_a_preference_without_its_model_is_refused():
    with pytest.raises(ConfigError, match="names helpful, and the trainer was given no reward model"):
        reward(preference={"student": "helpful"})


@pytest.mark.filterwarnings("ignore")  # of libraries that TRL imports
def test_in_the_trainer_a_completion_without_a_reward_neither_learns_nor_counts(
    tiny_model: Path, tokenizer: Any, tmp_path: Path
):
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    cut = GOOD[:30]
    end = tokenizer.eos_token_id

    def rollouts(prompts: list[Any], trainer: GRPOTrainer) -> dict[str, Any]:
        """Four known completions for each prompt; the last one hits the cap."""
        texts = [GOOD, WRONG, GOOD, cut] * (len(prompts) // 4)
        ids = [tokenizer(text).input_ids + ([] if text == cut else [end]) for text in texts]
        asked = [tokenizer(prompt).input_ids for prompt in prompts]
        return {"prompt_ids": asked, "completion_ids": ids, "logprobs": [[0.0] * len(one) for one in ids]}

    settings = Rewards()
    trainer = GRPOTrainer(
        model=str(tiny_model),
        reward_funcs=Reward(settings, end_tokens=[end], max_tokens=CAP),
        args=GRPOConfig(
            output_dir=str(tmp_path),
            per_device_train_batch_size=8,
            num_generations=4,
            max_completion_length=CAP,
            max_steps=1,
            logging_steps=1,
            scale_rewards=False,
            use_cpu=True,
            bf16=False,
            report_to=[],
            disable_tqdm=True,
            **trainer_settings(settings),
        ),
        train_dataset=Dataset.from_list(
            [
                {"prompt": "What is 3 + 4?", "verifier": "math", "reference": "7"},
                {"prompt": "What is 3 plus 4?", "verifier": "math", "reference": None},
            ]
        ),
        processing_class=tokenizer,
        rollout_func=rollouts,
    )
    trainer.train()
    told = list(trainer._logs["advantages"])
    groups = sorted([told[:4], told[4:]])
    assert groups[0] == pytest.approx([0, 0, 0, 0])  # nobody knows the answer: nothing is learnt
    assert groups[1] == pytest.approx([1 / 3, -2 / 3, 1 / 3, 0])  # the mean is that of the three others
    assert trainer.state.log_history[0]["reward/missing"] == 5 / 8
