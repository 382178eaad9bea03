"""The funnel of a night, in a terminal and in Markdown."""

import polars as pl

from r1data.report.funnel import funnel_markdown, funnel_text

STAGES = [
    "generation",
    "verification",
    "format",
    "language",
    "readability",
    "contamination",
    "duplicates",
    "selection",
]


def funnel(
    night: str = "2026-01-01", entered: int = 9, reason: str | None = None, without_vote: int = 0
) -> pl.DataFrame:
    """A night on which nothing falls after the first stage, where one rollout falls."""
    return pl.DataFrame(
        {
            "recipe": "r",
            "night": night,
            "position": range(1, 9),
            "stage": STAGES,
            "entered": [entered] + [entered - 1] * 7,
            "dropped": [1] + [0] * 7,
            "remaining": entered - 1,
            "main_reason": ["length"] + [reason] * 7,
            "n_without_vote": [0, without_vote] + [0] * 6,
        }
    )


def test_a_terminal_shows_one_table_per_night_in_the_order_of_the_stages() -> None:
    text = funnel_text(pl.concat([funnel().sort("stage"), funnel("2026-01-02")]))
    assert text.count("main reason") == 2
    assert "r, 2026-01-02" in text
    assert max(map(len, text.splitlines())) <= 80
    first, second, *_ = (line.replace("│", " ").split() for line in text.splitlines() if line.startswith("│"))
    assert first == ["generation", "9", "1", "8", "length"]
    assert second == ["verification", "8", "0", "8"]


def test_markdown_is_short_enough_to_render_in_place_and_escapes_tags() -> None:
    page = funnel_markdown(funnel(entered=10**9, reason="<think>" * 30, without_vote=10**9))
    assert len(page) < 1000
    assert "<" not in page
    assert page.splitlines()[1:3] == [
        "---|--:|--:|--:|---",
        "generation | 1000000000 | 1 | 999999999 | length",
    ]
    assert len(page.splitlines()) == 12


def test_rollouts_that_waited_for_a_judge_without_a_vote_are_told_below_the_table() -> None:
    text = " ".join(funnel_text(pl.concat([funnel(without_vote=1234), funnel("2026-01-02")])).split())
    assert text.count("1,234 rollouts waited for the judge, which has no vote") == 1
    assert "waited" not in funnel_markdown(funnel())


def test_a_lake_without_nights_shows_nothing() -> None:
    assert funnel_text(funnel().clear()) == ""
