"""The reward of GRPO: one number per completion, from the same verifiers that judge the corpus.

One function and not several, because a trainer that is given several leaves a missing reward out of the sum:
a completion whose answer nobody could check would then be rewarded for its form. Here one unknown verdict
makes the whole reward None, and TRL leaves that completion out of its group's mean and of the loss.

A reward model, where the recipe names one ([rewards.preference]), adds the sigmoid of its number for prompts
of its domains, in the last steps only if the recipe says so, as in R1's second stage. There a prompt that no
rule decides is rewarded by it in place of a rule; before, its reward is None.

What it does not protect against: a verifier that is wrong the same way every time, or a reward model that
likes length or flattery; GRPO finds such a hole.
"""

import json
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean
from typing import Any

from r1data.errors import ConfigError
from r1data.process import cores
from r1data.recipe import Rewards
from r1data.text import CLOSE, OPEN, nearest
from r1data.train.preference import PREFERENCE, Messages, Prefers, verdict_of
from r1data.verify import VERIFIERS, Verdict, verify

ACCURACY = "accuracy"
Completion = str | list[dict[str, Any]]
Log = Callable[[str, Any], object]


def trainer_settings(rewards: Rewards) -> dict[str, Any]:
    """Arguments of `trl.GRPOConfig` that go with a reward: `mask` also needs the trainer's own mask."""
    return {"mask_truncated_completions": rewards.overlong == "mask"}


class Reward:
    """A reward function for `trl.GRPOTrainer`, of TRL 1.16.

    The training rows have the columns `verifier`, `reference` and, where there are any, `verifier_args`
    (JSON) and `language` (ISO 639-1; en without it), as table `prompt_references` names them. A preference
    also reads `domain` and, where `prompt` is a raw text, the chat `messages` that it was made of. It may be
    pickled, unless it has a reward model, and called in any thread.
    """

    __name__ = "reward"

    def __init__(
        self,
        rewards: Rewards,
        *,
        end_tokens: Collection[int],
        max_tokens: int,
        prefix: str = "",
        prefers: Prefers | None = None,
    ) -> None:
        """Check the weights.

        Args:
            rewards: the student recipe's section.
            end_tokens: ids of which one ends a completion that is finished.
            max_tokens: the cap of a completion.
            prefix: what the chat template puts at the start of every completion, such as `<think>\\n`; the
                completions that a trainer passes lack it.
            prefers: the reward model that the recipe names, as `preference.prefers_of` loads it.

        Raises:
            ConfigError: a weight names neither `accuracy` nor a verifier of form, is
                negative, or none is positive; or `soft_tokens` exceeds the cap; or the recipe names a reward
                model and none is given.
        """
        known = {ACCURACY, *(name for name, one in VERIFIERS.items() if one.by_form)}
        for name, weight in rewards.weights.items():
            if name not in known:
                raise ConfigError(f"[rewards] weights: there is no {nearest(name, known)}")
            if weight < 0:
                raise ConfigError(f"[rewards] weights: {name} is {weight:g}. Give 0 or more.")
        self.weights = {name: weight for name, weight in rewards.weights.items() if weight}
        if not self.weights:
            raise ConfigError("[rewards] weights: none is above 0, so nothing would be learnt.")
        if rewards.overlong == "soft" and rewards.soft_tokens > max_tokens:
            raise ConfigError(
                f"[rewards] soft_tokens is {rewards.soft_tokens}, beyond the cap of {max_tokens} tokens. "
                "Lower it."
            )
        self.preference, self.prefers = rewards.preference, prefers
        if self.preference and prefers is None:
            raise ConfigError(
                f"[rewards.preference] names {self.preference.student}, and the trainer was given no reward "
                "model."
            )
        self.overlong, self.soft_tokens = rewards.overlong, rewards.soft_tokens
        self.end_tokens, self.max_tokens, self.prefix = frozenset(end_tokens), max_tokens, prefix

    def __call__(
        self,
        *,
        completions: Sequence[Completion],
        completion_ids: Sequence[Sequence[int]],
        verifier: Sequence[str],
        reference: Sequence[str | None],
        verifier_args: Sequence[str | None] | None = None,
        language: Sequence[str | None] | None = None,
        prompts: Sequence[Any] = (),
        messages: Sequence[Messages] | None = None,
        domain: Sequence[str | None] | None = None,
        trainer_state: Any = None,
        log_metric: Log | None = None,
        log_extra: Log | None = None,
        **_: Any,
    ) -> list[float | None]:
        """Rewards in the order of `completions`; None where a verdict is unknown.

        Args:
            completions: texts, or the messages of one turn.
            completion_ids: token ids, the end token included.
            verifier, reference, verifier_args, language, messages, domain: columns of the training rows.
            prompts: chat messages, or texts.
            trainer_state: has `global_step`, the steps that are done, and `max_steps`.
            log_metric: is told `reward/missing` (share) and, as `reward/<weight>`, the mean of each part.
            log_extra: is told the reasons of each completion.
        """
        n = len(completions)
        given = [json.loads(args or "{}") for args in verifier_args or [None] * n]
        languages = [{"language": code or "en"} for code in language or [None] * n]

        def judged(row: int) -> dict[str, Verdict]:
            """Verdicts by weight; none of a completion that hit the cap."""
            if not completion_ids[row] or completion_ids[row][-1] not in self.end_tokens:
                return {}
            text, found = _text(completions[row], self.prefix), dict[str, Verdict]()
            for name in self.weights:
                if name == ACCURACY:
                    found[name] = verify(verifier[row], text, reference[row], **given[row])
                else:
                    found[name] = verify(name, text, **(languages[row] if name == "language" else {}))
            return found

        with ThreadPoolExecutor(cores()) as threads:
            verdicts = list(threads.map(judged, range(n)))
        if self._prefers_now(trainer_state):
            asked = [_messages(prompt) for prompt in messages or prompts]
            texts = [_text(completion, self.prefix) for completion in completions]
            self._add_preferences(verdicts, asked, texts, domain or [None] * n)
        rewards = [self._reward(*row) for row in zip(verdicts, completion_ids, strict=True)]
        _log([*self.weights, *self._preferred], verdicts, rewards, log_metric, log_extra)
        return rewards

    @property
    def _preferred(self) -> dict[str, float]:
        return {PREFERENCE: self.preference.weight} if self.preference else {}

    def _prefers_now(self, state: Any) -> bool:
        if self.preference is None or self.preference.last_steps is None:
            return self.preference is not None
        return state is not None and state.global_step >= state.max_steps - self.preference.last_steps

    def _add_preferences(
        self,
        verdicts: list[dict[str, Verdict]],
        prompts: Sequence[Messages],
        texts: Sequence[str],
        domains: Sequence[str | None],
    ) -> None:
        """Add what the reward model says of finished completions of its domains; no rule is missed there."""
        assert self.preference is not None and self.prefers is not None
        own = self.preference.domains
        rows = [row for row, found in enumerate(verdicts) if found and domains[row] in own]
        told = self.prefers([prompts[row] for row in rows], [texts[row] for row in rows])
        for row, number in zip(rows, told, strict=True):
            if ACCURACY in verdicts[row] and verdicts[row][ACCURACY].reason == "no_rule":
                del verdicts[row][ACCURACY]
            verdicts[row][PREFERENCE] = verdict_of(number)

    def _reward(self, verdicts: dict[str, Verdict], ids: Sequence[int]) -> float | None:
        punished = self._punished(len(ids)) if self.overlong == "soft" else 0.0
        if not verdicts:
            return None if self.overlong == "mask" else punished
        found = {name: verdict.reward for name, verdict in verdicts.items()}
        if None in found.values():
            return None
        weights = self.weights | self._preferred
        return sum(weights[name] * (reward or 0.0) for name, reward in found.items()) + punished

    def _punished(self, n_tokens: int) -> float:
        """0 up to `soft_tokens` before the cap, from there linearly to -1 at the cap."""
        return -min(1.0, max(0.0, (n_tokens - self.max_tokens + self.soft_tokens) / self.soft_tokens))


def _text(completion: Completion, prefix: str) -> str:
    """A completion as text; a thought that was parsed out of a message goes back to its place."""
    if isinstance(completion, str):
        return prefix + completion
    message = completion[-1]
    reasoning = message.get("reasoning_content") or message.get("thinking")
    answer = message.get("content") or ""
    return f"{OPEN}\n{reasoning}\n{CLOSE}\n\n{answer}" if reasoning else prefix + answer


def _messages(prompt: Any) -> Messages:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _log(
    names: Sequence[str],
    verdicts: list[dict[str, Verdict]],
    rewards: list[float | None],
    log_metric: Log | None,
    log_extra: Log | None,
) -> None:
    if log_metric:
        log_metric("reward/missing", fmean(reward is None for reward in rewards))
        for name in names:
            found = [v[name].reward for v in verdicts if name in v and v[name].reward is not None]
            if found:
                log_metric(f"reward/{name}", fmean(found))
    if log_extra:
        for name in names:
            log_extra(name, [_reason(found, name) for found in verdicts])


def _reason(verdicts: dict[str, Verdict], name: str) -> str:
    if not verdicts:
        return "truncated"
    return verdicts[name].reason if name in verdicts else "not_asked"
