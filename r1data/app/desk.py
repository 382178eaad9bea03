"""Who is next: steps through the queues of a lake, for any number of people at once.

What is in a queue is computed once per version of the tables that decide it, and held as ids alone; reviews
are read at every step, so that nobody is shown what another has just done.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

import polars as pl

from r1data.app.places import places
from r1data.curate.current import latest_reviews
from r1data.curate.review_one import Said, reviewed
from r1data.curate.review_queue import QUEUES, TABLES_READ, members
from r1data.lake import Lake

_HELD = 4
"""Queues that are held at once."""


@dataclass(frozen=True)
class Choice:
    """A queue that a person works through."""

    of: str
    """One of QUEUES."""
    recipe: str
    night: str


@dataclass(frozen=True)
class Standing:
    """Where a person is in a queue."""

    n_rows: int
    """Rollouts in the queue."""
    n_waiting: int
    """Of these, those that nobody has reviewed."""
    place: int | None
    """Of the rollout that is shown, from 1; None when it is not in the queue."""


class Desk:
    """The queues of one lake, and the way from one rollout to the next."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._held: OrderedDict[tuple[object, ...], pl.DataFrame] = OrderedDict()
        self._lock = Lock()

    def places(self) -> list[tuple[str, str]]:
        """Recipes and nights that have something to review, the latest night first."""
        return places(self.lake, "plan", "cold_start_refined")

    def has_refinements(self, recipe: str, night: str) -> bool:
        """Whether cold start has made something to approve."""
        return (recipe, night) in places(self.lake, "cold_start_refined")

    def next(self, choice: Choice, current: str | None) -> str | None:
        """The rollout to show after `current`: the next one that waits, from the beginning after the end."""
        rows = self._rows(choice).filter("waits")
        place = self._place(choice, current)
        ids = rows.filter(pl.col("place") > place)["rollout_id"].to_list()[:1]
        ids += rows.filter(pl.col("rollout_id") != (current or ""))["rollout_id"].to_list()[:1]
        return ids[0] if ids else None

    def previous(self, choice: Choice, current: str | None) -> str | None:
        """The rollout before `current`, reviewed or not; None at the beginning."""
        rows = self._rows(choice)
        place = self._place(choice, current) if current else rows.height + 1
        before = rows.filter(pl.col("place") < place)["rollout_id"]
        return before[-1] if before.len() else None

    def standing(self, choice: Choice, current: str | None) -> Standing:
        """How much is in the queue, how much of it waits, and where `current` is in it."""
        rows = self._rows(choice)
        return Standing(rows.height, int(rows["waits"].sum()), self._place(choice, current) or None)

    def store(self, said: Said) -> bool:
        """Check a review and publish it; False when it is stored already.

        Raises:
            InputError, ConcurrentWrite: as `reviewed` does.
        """
        row = reviewed(self.lake, said, datetime.now(UTC))
        return self.lake.append("reviews", row, run="review page").n_rows > 0

    def _place(self, choice: Choice, rollout_id: str | None) -> int:
        found = self._members(choice).filter(pl.col("rollout_id") == (rollout_id or ""))["place"]
        return found[0] if found.len() else 0

    def _rows(self, choice: Choice) -> pl.DataFrame:
        """rollout_id, place, waits."""
        done = latest_reviews(self.lake.scan("reviews", choice.night)).select("rollout_id").collect()
        reviewed_ids = pl.col("rollout_id").is_in(done["rollout_id"].implode())
        return self._members(choice).with_columns(waits=~reviewed_ids)

    def _members(self, choice: Choice) -> pl.DataFrame:
        """rollout_id and place from 1, in the order of the draw."""
        if choice.of not in QUEUES:
            return pl.DataFrame(schema={"rollout_id": pl.String, "place": pl.Int64})
        key = (choice, *self.lake.versions(TABLES_READ).values())
        with self._lock:  # of many people at once, one computes
            if key not in self._held:
                rows = members(self.lake, choice.of, recipe=choice.recipe, night=choice.night)
                numbered = rows.select("rollout_id", place=pl.int_range(1, pl.len() + 1))
                self._held[key] = numbered.collect()
            self._held.move_to_end(key)
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
            return self._held[key]
