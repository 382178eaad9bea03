"""Secret keys, by the formats that their makers publish, and values that a text calls a key."""

import re
from collections.abc import Iterator

_FORMATS = (
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",  # Amazon
    r"gh[pousr]_[A-Za-z0-9]{36,255}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"glpat-[A-Za-z0-9_-]{20,64}",  # GitLab
    r"sk-(?:proj-|ant-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,200}",  # OpenAI, Anthropic and their like
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,128}",  # Stripe
    r"AIza[0-9A-Za-z_-]{35}",  # Google
    r"xox[abeoprs]-[0-9A-Za-z-]{10,255}",  # Slack
    r"hf_[A-Za-z0-9]{30,40}",  # Hugging Face
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{50,255}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",  # SendGrid
    r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}",  # JSON web token
)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(_FORMATS)})(?![A-Za-z0-9_])")
_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]{0,20000}-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
)
_CALLED = re.compile(
    r"(?i)(?:(?:api|access|account|client|encryption|private|signing)[_ -]?key"
    r"|secret(?:[_ -]?(?:access[_ -]?)?key)?|token|bearer|passwd|password)"
    r"[\"']?\s{0,3}(?::|=|\s)\s{0,3}[\"']?([A-Za-z0-9_+/=.~-]{20,200})(?![A-Za-z0-9_+/=.~-])"
)
_IN_URL = re.compile(
    r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@\"'<>]{1,100}:([^\s:/@\"'<>]{6,200})@[A-Za-z0-9]"
)
_PLACEHOLDER = re.compile(
    r"(?i)example|your|dummy|sample|placeholder|redacted|changeme|\.\.\.|xxxx|1234567890"
)
_RANDOM = re.compile(r"(?=.{8})(?=.*[0-9])(?=.*[A-Za-z])|[0-9]{10}")
"""A part of a key between hyphens that is neither a word nor a year."""
LEAST_DISTINCT = 10
"""Different characters that a key has at least; fewer are a placeholder or a word."""

GATE = (
    r"AKIA|ASIA[0-9A-Z]{4}|gh[pousr]_[A-Za-z0-9]{8}|github_pat_|glpat-|sk-[A-Za-z0-9_-]{20}|[rs]k_(?:live|test)_"
    r"|AIza|xox[abeoprs]-|hf_[A-Za-z0-9]{30}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50}|SG\.[A-Za-z0-9_-]{16}"
    r"|eyJ[A-Za-z0-9_-]{10}|-----BEGIN |://[^\s:/@]{1,100}:[^\s:/@]{6}"
    r"|(?i:key|secret|token|bearer|passwd|password)[\"']?\s{0,3}[:=\s]\s{0,3}[\"']?[A-Za-z0-9_+/=.~-]{20}"
)


def keys(text: str) -> Iterator[tuple[int, int]]:
    """Private key blocks, tokens of known formats, passwords in addresses, and values that are called a key
    and look like one: letters and digits mixed.
    """
    for match in _BLOCK.finditer(text):
        yield match.span()
    for match in _TOKEN.finditer(text):
        if _is_secret(match[0]):
            yield match.span()
    for match in _IN_URL.finditer(text):
        if not _PLACEHOLDER.search(match[1]) and match[1].lower() not in ("password", "passwd", "secret"):
            yield match.span(1)
    for match in _CALLED.finditer(text):
        mixed = re.search(r"[0-9]", match[1]) and re.search(r"[A-Za-z]", match[1])
        if mixed and "." not in match[1].strip(".") and _is_secret(match[1]):
            yield match.span(1)


def _is_secret(token: str) -> bool:
    """Random enough, and not what documentation writes in place of a key."""
    random = any(_RANDOM.search(part) for part in re.split("[-_]", token))
    return random and not _PLACEHOLDER.search(token) and len(set(token)) >= LEAST_DISTINCT
