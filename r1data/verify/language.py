"""The trace is written in its language: R1's language consistency reward.

    >>> verify("<think>Two and two is 四.</think>4", None, {"language": "en"}).reward
    0.8

The reward is the share of words in the target language, as in DeepSeek-AI, 2025, "DeepSeek-R1", section
2.3.2, arXiv:2501.12948. What is a word of another language is what the language pass finds
(`r1data.curate.language`, docs/language.md). A word is a run of letters, or one letter of a script without
blanks between words.
"""

from typing import Any

from r1data.curate.language import VERSION as PASS_VERSION
from r1data.curate.language.identify import code_of
from r1data.curate.language.scripts import SCRIPTS_OF
from r1data.curate.language.text import mixture
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = f"language-3+{PASS_VERSION}"


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Right when the share of words in the target language reaches the threshold; the reward is that share.

    `args`: `language`, the ISO 639-1 code of the target, region and capitals aside (default `en`);
    `threshold` (default 1: no foreign word); `part`, `all` (default) or `thought`. Needs no reference. The
    first foreign words are extracted.
    """
    target, threshold = code_of(str(args.get("language") or "en")), args.get("threshold", 1.0)
    if target not in SCRIPTS_OF:
        return unknown("unknown_script")
    if not isinstance(threshold, int | float) or args.get("part", "all") not in ("all", "thought"):
        return unknown("bad_reference")
    mix = mixture(completion, target)
    start, end = mix.thought() if args.get("part") == "thought" else (0, len(completion))
    share = mix.consistency(start, end)
    if share is None:
        share = 1.0  # nothing in it can be foreign
    first = next((completion[one.start : one.end] for one in mix.spans if start <= one.start < end), None)
    if share >= threshold:
        return right("in_language", first, share)
    return wrong("mixed_language", first, share)
