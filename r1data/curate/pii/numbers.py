"""Numbers with a check of their own: IBANs and cards; and public IP addresses."""

import ipaddress
import re
from collections.abc import Iterator

_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
_LENGTHS = dict(
    re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22"
        "GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21MC27MD24ME22MK19"
        "MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SE24SI19SK24SM27TN24TR26UA29VA22VG24XK20",
    )
)
"""Length of an IBAN by country, as SWIFT's registry has it."""
_CARD = re.compile(
    r"(?<![0-9.,\-])(?:[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}"
    r"|3[47][0-9]{2}([ -])[0-9]{6}\2[0-9]{5})"
    r"(?![0-9.,]*[0-9]|[ -][0-9])"
)
_CALLED = re.compile(
    r"(?i)\b(?:card|visa|mastercard|amex|american express)\b[^0-9\n]{0,30}([2-6][0-9]{12,18})(?![0-9])"
)
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|6011|65|62")
_TEST_CARDS = frozenset(
    ("4111111111111111", "4242424242424242", "5555555555554444", "4012888888881881", "378282246310005")
)
"""What card networks print for trying things out."""
_IPV4 = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9/]|\.[0-9])")
LEAST_DISTINCT = 6
"""Different digits of a card. Round numbers in a table, of which one in ten agrees, have fewer."""
LONG_OCTETS = 3
"""Parts of two digits or more by which an address is told from a numbered section or a version."""
GATE = (
    r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}|[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}"
    r"|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}|(?i:card|visa|amex|express)[^0-9\n]{0,30}[2-6][0-9]{12}"
    r"|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
)


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """International bank account numbers of the right length whose check digits agree (ISO 13616)."""
    for match in _IBAN.finditer(text):
        plain = match[0].replace(" ", "")
        length = int(_LENGTHS.get(plain[:2], 0))
        if not 0 < length <= len(plain):
            continue
        plain, end = plain[:length], match.start()
        for _ in range(length):  # a word in capitals may follow
            end += 1 + (text[end] == " ")
        digits = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
        if int(digits) % 97 == 1 and not text[end : end + 1].isalnum():
            yield match.start(), end


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Payment cards whose check digit agrees (ISO 7812): in groups as they are printed, or called a card."""
    for match in _CARD.finditer(text):
        if _is_card(re.sub(r"[ -]", "", match[0])):
            yield match.span()
    for match in _CALLED.finditer(text):
        if _is_card(match[1]):
            yield match.span(1)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """IPv4 addresses of the public internet; ranges for documentation and private use are nobody's."""
    for match in _IPV4.finditer(text):
        if sum(len(octet) > 1 for octet in match[0].split(".")) < LONG_OCTETS:
            continue
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            continue
        if address.is_global and not address.is_multicast:
            yield match.span()


def _is_card(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    luhn = sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
    return (
        luhn
        and bool(_ISSUER.match(digits))
        and digits not in _TEST_CARDS
        and len(set(digits)) >= LEAST_DISTINCT
    )
