"""Content addresses: what a thing is named is what it is made of.

    >>> prompt_id([{"role": "user", "content": "What is 2 + 2? "}])
    '0eb1f00be7b4006ebd1b65be195fbd83'

Hashes are XXH3-128 in hex (https://xxhash.com): fast, and strong enough where nobody gains by a collision.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import xxhash

RETRY_INDEX = 1_000_000
"""The retry of attempt i has index RETRY_INDEX + i, so that it never takes the place of another attempt."""
CHAT_INDEX = 2_000_000
"""Attempts from a person's chat have indices from here on, drawn at random, so that no plan wants them."""
SEED_BITS = 63  # Delta has no unsigned integers


def digest(*parts: Any) -> str:
    """Hash JSON-like `parts` into 32 hex digits; equal parts give equal digests, whatever the order of
    keys.
    """
    return xxhash.xxh3_128_hexdigest(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))


def canonical_text(text: str) -> str:
    """Unicode NFC, trimmed: what two copies of a text are compared as."""
    return unicodedata.normalize("NFC", text).strip()


def prompt_id(messages: Iterable[Mapping[str, str]]) -> str:
    """Name a prompt by its canonical messages; the reference is no part of it."""
    return digest([[m["role"], canonical_text(m["content"])] for m in messages])


def teacher_id(identity: Mapping[str, Any]) -> str:
    """Name a teacher by everything that changes what it writes (`r1data.recipe.Teacher.identity`)."""
    return digest(identity)


def rollout_id(prompt: str, teacher: str, index: int) -> str:
    """Name attempt `index` (from 0) of a teacher at a prompt."""
    return digest(prompt, teacher, index)


def seed(rollout: str) -> int:
    """The sampling seed of a rollout, 0 … 2^63 - 1."""
    return int(rollout, 16) >> (128 - SEED_BITS)
