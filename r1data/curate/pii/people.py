"""E-mail addresses and telephone numbers."""

import re
from collections.abc import Iterator

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_EMAIL = re.compile(
    rf"(?<![{_LETTER}0-9._%+-])[{_LETTER}0-9._%+-]{{2,64}}"
    rf"@((?:[{_LETTER}0-9](?:[{_LETTER}0-9-]{{0,61}}[{_LETTER}0-9])?\.){{1,8}}[A-Za-z]{{2,24}})"
    rf"(?![{_LETTER}0-9-])"
)
_RESERVED = re.compile(
    r"(?i)(?:^|\.)(?:example\.(?:com|net|org|edu)|example|test|invalid|localhost|local|onion)$"
    r"|(?:^|\.)(?:domain|yourdomain|yourcompany|company|mail|email|site|website)\.com$"
)
"""Domains of RFC 2606 and RFC 6761, which nobody has, and those that people write in their place."""
_ARRAY = frozenset(
    ("shape", "dot", "sum", "mean", "dtype", "reshape", "transpose", "size", "data", "copy", "max")
)
"""Attributes behind a matrix product, as `left@right.sum`, which are no domains."""
_NOBODY = frozenset(("git", "user", "username", "name", "your.name", "your_email", "noreply", "no-reply"))

_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{0,3}(?:[ .\-]?\(?[0-9]{1,5}\)?){2,6}(?![0-9])")
_NATIONAL = re.compile(
    r"(?:(?:(?<![0-9.\-])1[ \-])?\([2-9][0-9]{2}\) ?[2-9][0-9]{2}-[0-9]{4}"
    r"|(?:(?<![0-9.\-])1-)?[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}"
    r"|[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4})(?![0-9.\-]*[0-9])"
)
_LABELS = (
    r"tel|telephone|phone|mobile|cell ?phone|cell number|(?:my|his|her|their|our) cell|fax|whatsapp|handy"
    r"|telefon|téléphone|teléfono|celular|(?:call|text|ring|reach) (?:me|us|him|her|them)"
)
"""What digits behind it are called; a mere cell is one of a table."""
_FOREIGN_LABELS = "电话|手机|電話|携帯|телефон"
_CALLED = re.compile(
    rf"(?i)(?:\b(?:{_LABELS})\b|{_FOREIGN_LABELS})"
    r"(?: ?(?:number|no\.?|nr\.?|号码|号|номер|is|at|on|:|：|=|是|为|\.)){0,3} {0,2}"
    r"(\(?[0-9]{1,5}\)?(?:[ .\-]{1,2}\(?[0-9]{2,8}\)?){1,6}|[0-9]{8,15})(?![0-9])"
)
"""Groups of one digit, as rows of grids have them, are no telephone number's, but for the first."""
REGIONS = ("US", "GB", "CN", "IN", "DE", "FR", "ES", "BR", "JP", "RU", "IT", "KR", "MX", "AU")
"""Countries whose numbering is tried where a text calls digits a telephone number."""
GATE = (
    rf"@[{_LETTER}0-9-]+\."
    r"|\+[1-9][0-9]{0,3}[ .\-]?\(?[0-9]{1,5}\)?[ .\-]?\(?[0-9]{2,5}"
    r"|[2-9][0-9]{2}(?:\) ?|[.-])[2-9][0-9]{2}[.-][0-9]{4}"
    rf"|(?i:{_LABELS}|{_FOREIGN_LABELS})[^0-9\n]{{0,30}}[0-9][0-9 .()-]{{6,20}}[0-9]"
)
_IN_ADDRESS = re.compile(r"://[^\s@]{0,200}$")
"""Before the sign of a URL that names a user; `keys` looks at its password."""


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Addresses at a domain that somebody may have, written by somebody: no remote of git, no array."""
    for match in _EMAIL.finditer(text):
        name, domain = match[0].split("@")[0].lower(), match[1]
        if _RESERVED.search(domain) or domain.rsplit(".", 1)[1] in _ARRAY or name in _NOBODY:
            continue
        if _IN_ADDRESS.search(text[max(0, match.start() - 210) : match.start()]):
            continue
        yield match.span()


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Numbers that are valid in their country: with a country code, as North America writes them, or called a
    telephone number. Free and special numbers are no person's; 555-01xx is nobody's.
    """
    for match in _INTERNATIONAL.finditer(text):
        if not _is_sum(text, match.start()) and _is_persons(match[0], None):
            yield match.span()
    for match in _NATIONAL.finditer(text):
        behind = text[match.end() : match.end() + 3].lstrip()
        equal = behind.startswith(("=", "+", "*", "/", "^"))
        if not equal and not _is_sum(text, match.start()) and _is_persons(match[0], "US"):
            yield match.span()
    for match in _CALLED.finditer(text):
        if any(_is_persons(match[1], region) for region in REGIONS):
            yield match.span(1)


def _is_sum(text: str, at: int) -> bool:
    """Whether a number is part of a sum or a product: something to calculate with stands before it."""
    before = text[max(0, at - 12) : at]
    word = re.search(r"[A-Za-z\u00c0-\uffff]{2,}[:：]? ?$", before)
    return bool(re.search(r"[0-9A-Za-z_)\]}+*/^=\\-] ?$", before)) and not word


def _is_persons(number: str, region: str | None) -> bool:
    import phonenumbers  # its tables take a while, and few texts need them
    from phonenumbers import PhoneNumberType as Kind

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    if not phonenumbers.is_valid_number(parsed):
        return False
    national = str(parsed.national_number)
    if parsed.country_code == 1 and national[3:8] == "55501":
        return False
    mine = (
        Kind.FIXED_LINE,
        Kind.MOBILE,
        Kind.FIXED_LINE_OR_MOBILE,
        Kind.VOIP,
        Kind.PERSONAL_NUMBER,
        Kind.PAGER,
    )
    return phonenumbers.number_type(parsed) in mine
