"""What is marked as personal data or a secret, and what is not. Every key here is made up."""

import random
import string
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.curate.pii import VERSION, pii
from r1data.curate.pii.find import GATE, masked, spans
from r1data.schema.facts import PII

LUCK = random.Random(0)


def made(n: int, signs: str = string.ascii_letters + string.digits) -> str:
    """A made-up secret of n signs; digits among them."""
    return "7" + "".join(LUCK.choices(signs, k=n - 1))


def subjects(*texts: str | None) -> pl.LazyFrame:
    names = pl.Series([str(at) for at in range(len(texts))], dtype=pl.String)
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_columns(
        subject=pl.lit("trace"), subject_id=names, night=pl.lit("n")
    )
    return frame.lazy()


def found(text: str) -> list[tuple[str, str]]:
    """Kind and text of every mark."""
    fact = pii(subjects(text)).collect().row(0, named=True)
    assert fact["n_marks"] == len(fact["marks"])
    return [(mark["kind"], text[mark["offset"] : mark["offset"] + mark["length"]]) for mark in fact["marks"]]


MARKED = {
    "email": ["jo.public@somewhere.net", "émile.zola@bücher.de", "info+news@sub.firm.co.uk"],
    "phone": ["+44 7911 123456", "+4915112345678", "(415) 867-5309", "1-415-867-5309"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"],
    "card": ["4539 1488 0343 6467", "4539-1488-0343-6467", "3742 456789 01231"],
    "ip": ["172.217.16.142", "93.184.216.34"],
    "key": [
        "ghp_" + made(36),
        "sk-proj-" + made(40),
        "AKIA" + made(16, string.ascii_uppercase + string.digits),
        "hf_" + made(34),
        f"xoxb-{made(12, string.digits)}-{made(24)}",
        f"eyJ{made(20)}.eyJ{made(40)}.{made(43)}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{made(200)}\n-----END RSA PRIVATE KEY-----",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in MARKED.items() for text in texts])
@pytest.mark.parametrize("around", ["{}", "Write to {} today.", "联系（{}）。", "🙂 é {}\nand so on"])
def test_personal_data_and_secrets_are_marked_to_the_character(kind: str, text: str, around: str) -> None:
    assert found(around.format(text)) == [(kind, text)]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("my phone number is 4158675309.", ("phone", "4158675309")),
        ("Tel. 91 234 56 78", ("phone", "91 234 56 78")),
        ("call me on 07911 123456", ("phone", "07911 123456")),
        ("telephone: 0049 30 901820", ("phone", "0049 30 901820")),
        ("token = {}", ("key", made(24))),
        ("AccountKey={}", ("key", made(60))),
        ("电话：13812345678", ("phone", "13812345678")),
        ("pay by card 4539148803436467", ("card", "4539148803436467")),
        ("api_key = '{}'", ("key", made(32))),
        ("Authorization: Bearer {}", ("key", made(40))),
        ("postgres://admin:{}@db.firm.net/x", ("key", made(12))),
    ],
)
def test_what_a_text_calls_a_number_or_a_key_is_marked(text: str, marked: tuple[str, str]) -> None:
    assert marked in found(text.format(marked[1]))


@pytest.mark.parametrize(
    "text",
    [
        "3-4-5 triangles, 7-24-25 and 20-21-29",
        "x = 123456789 + 987654321 = 1111111110",
        "2^64 = 18446744073709551616, and 4539148803436467 is a long number",
        "415-867-5309 = -5761 and 5 - 415-867-5309",
        "12 +4915112345678 is a sum",
        "from 2020-01-02 to 2021-12-31, at 10:15:30",
        "sections 1.2.3.4 and 10.0.0.1, version 3.11.7.2, pi = 3.14159265358979",
        "192.168.100.200 and 203.0.113.195 are nobody's; 172.217.16.0/24 is a net",
        "user@example.com, a@test.example.org, jo@mail.test, root@localhost",
        "y = weights@inputs.sum(), and git@github.com:firm/code.git",
        "call 555-0123 or (415) 555-0123 or +1 415 555 0199",
        "toll free: 1-800-273-8255, +1 (800) 273-8255, or 911",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, AKIAIOSFODNN7EXAMPLE and api_key = 'your-key-goes-here-123'",
        "row 1: 4000 2000 3000 1000, cell 2 0 1 3 4 5 1 2 0, phone 4 1 5 8 6 7 5 3 0 9",
        "pip install sk-learn-is-a-library-for-ml-2020-abc",
        "4242 4242 4242 4242 and 1234 5678 9012 3456",
        "GB82 WEST 1234 5698 7654 33",
        "task-management-and-so-on-with-care, token = tokenizer.from_pretrained_with_care2",
        "https://firm.net/a:b@c, and http://user:password@host.net",
        "",
    ],
)
def test_mathematics_code_and_examples_are_not_marked(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("texts", MARKED.values(), ids=MARKED)
def test_no_secret_is_stored(texts: list[str]) -> None:
    for text in texts:
        (mark,) = pii(subjects(text)).collect()["marks"].item().to_list()
        assert "…" in mark["masked"]
        assert len(mark["masked"]) <= 5
        assert text[3:-3] not in mark["masked"]


@pytest.mark.parametrize(
    ("text", "mask"), [("", "…"), ("abc", "…"), ("abcdefg", "…"), ("abcdefgh", "a…h"), ("a" * 90, "aa…aa")]
)
def test_a_mask_keeps_two_characters_at_either_end_at_most(text: str, mask: str) -> None:
    assert masked(text) == mask


PIECES = [text for texts in MARKED.values() for text in texts] + [
    "@",
    "+",
    "3-4-5 ",
    "tel ",
    "\u202e",
    "天",
    "\n",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=8).map(" ".join)


@given(st.lists(TEXTS, max_size=6))
def test_marks_hold_do_not_overlap_pass_the_gate_and_need_no_other_row(texts: list[str]) -> None:
    together = pii(subjects(*texts)).collect()
    assert together.schema == PII.schema
    rows = subjects(*texts).collect()
    alone = [pii(part.lazy()).collect() for part in rows.iter_slices(1) if part.height]
    assert together.equals(pl.concat([PII.empty(), *alone]))
    assert together.equals(pii(rows.lazy()).collect(engine="streaming"))
    for text, marks in zip(texts, together["marks"].to_list(), strict=True):
        assert [(mark["offset"], mark["offset"] + mark["length"], mark["kind"]) for mark in marks] == spans(
            text
        )
        ends = [0, *(mark["offset"] + mark["length"] for mark in marks)]
        assert all(end <= mark["offset"] for end, mark in zip(ends, marks, strict=False))
        assert pl.select(pl.lit(text).str.contains(GATE)).item() or not spans(text)


def test_a_null_text_has_no_marks_and_facts_name_their_version() -> None:
    facts: dict[str, Any] = pii(subjects(None)).collect().row(0, named=True)
    assert (facts["n_marks"], facts["marks"], facts["version"]) == (0, [], VERSION)


def test_a_line_of_very_many_addresses_is_marked_whole() -> None:
    (marks,) = pii(subjects("jo.public@somewhere.net " * 20_000)).collect()["n_marks"].to_list()
    assert marks == 20_000
