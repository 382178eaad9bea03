"""What the review tab answers to each thing that a person does, as values of its components by name.

What a page has open it sends along (`Open`), and nothing of it is kept here: so two people, or one with two
windows, never decide about a rollout that another window shows.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import polars as pl

from r1data.app.desk import Choice, Desk
from r1data.app.links import asked_of
from r1data.app.markup import card, empty, notice, standing
from r1data.curate.review_one import Said
from r1data.curate.review_queue import QUEUES
from r1data.curate.review_shown import shown
from r1data.errors import ConcurrentWrite, R1DataError

Answer = dict[str, dict[str, Any]]
"""Component to the properties of it that change."""
_DONE = {"approve": "Approved", "reject": "Rejected", "edit": "Stored as edited"}
_UNREADABLE = (R1DataError, OSError, pl.exceptions.PolarsError, duckdb.Error)
"""What a lake raises that cannot be read, such as a bucket that does not answer."""
_LINK = ("queue", "recipe", "night", "rollout")


@dataclass(frozen=True)
class Open:
    """What a page has open."""

    rollout_id: str | None = None
    seen: str | None = None
    """review_id of the latest review that it shows."""
    reasoning: str = ""
    """The thought that an edit begins with: of the latest edit, else as it was written."""
    answer: str = ""

    @classmethod
    def of(cls, text: str | None) -> "Open":
        """From what the page sends back."""
        return cls(**json.loads(text or "{}"))


class Moves:
    """Answers for every page of one lake."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def load(self, search: str, name: str) -> Answer:
        """A page was opened.

        Args:
            search: the query of its address: queue, recipe, night, rollout; each may be missing.
            name: of the reviewer, as this browser remembers it.
        """
        words = asked_of(search, "review")
        if words is None:
            return {"message": {}, "reviewer": {"value": name}}
        asked = {key: value for key, value in words.items() if key in _LINK}
        root = self.desk.lake.root
        try:
            places = self.desk.places()
            if not places:
                told = f"{root} holds no night. `r1data run` makes one; then load this page again."
                nothing = {"card": {"value": empty("There is nothing to review yet", told)}}
                return nothing | _acting(False)
            return self._loaded(places, asked) | {"reviewer": {"value": name}}
        except _UNREADABLE as error:
            told = empty(f"The lake at {root} cannot be read", _first_words(error))
            return {"card": {"value": told}} | _acting(False)

    def enter(self, opened: str, search: str, name: str) -> Answer:
        """The tab was entered: the first time as if the page was opened there; then all stays."""
        return self.load(search, name) if search and not opened else {"message": {}}

    def choose(self, of: str, place: str | None) -> Answer:
        """Another queue or night was chosen."""
        choice = _choice(of, place)
        return self._show(choice, self.desk.next(choice, None))

    def step(self, forward: bool, opened: str, of: str, place: str | None) -> Answer:
        """The next or the previous rollout is wanted."""
        choice, current = _choice(of, place), Open.of(opened).rollout_id
        found = self.desk.next(choice, current) if forward else self.desk.previous(choice, current)
        if found is None and current:
            told = "Nothing else waits in this queue." if forward else "This is the first of the queue."
            return {"message": {"value": notice(told)}}
        return self._show(choice, found)

    def decide(
        self,
        verdict: str,
        opened: str,
        of: str,
        place: str | None,
        reviewer: str,
        note: str,
        reasoning: str,
        answer: str,
    ) -> Answer:
        """A rollout was approved, rejected or edited; refused, nothing that was typed changes."""
        open_, choice = Open.of(opened), _choice(of, place)
        if open_.rollout_id is None:
            return {"message": {"value": notice("No rollout is open.", "error")}}
        said = Said(open_.rollout_id, verdict, reviewer, open_.seen, reasoning, answer, note)
        try:
            self.desk.store(said)
        except ConcurrentWrite as error:
            fresh = self._show(choice, open_.rollout_id)
            kept = {name: fresh[name] for name in ("card", "open", "standing")}
            return kept | {"message": {"value": notice(str(error), "error")}}
        except R1DataError as error:
            return {"message": {"value": notice(str(error), "error")}}
        done = f"{_DONE[verdict]}: {open_.rollout_id[:8]}. Previous shows it again."
        return self._show(choice, self.desk.next(choice, open_.rollout_id), notice(done, "done"))

    def edit(self, opened: str) -> Answer:
        """Thought and answer are to be edited."""
        open_ = Open.of(opened)
        if open_.rollout_id is None:
            return {"message": {"value": notice("No rollout is open.", "error")}}
        told = "Change thought or answer. The answer is verified before it is stored."
        texts = {"reasoning": {"value": open_.reasoning}, "answer": {"value": open_.answer}}
        return _editing(True) | texts | {"message": {"value": notice(told)}}

    def cancel(self) -> Answer:
        """An edit is given up."""
        return _editing(False) | {"message": {"value": ""}}

    def _loaded(self, places: list[tuple[str, str]], asked: dict[str, str]) -> Answer:
        named, asked = bool({"recipe", "night"} & asked.keys()), self._whose(asked)
        told = ""
        wanted = [
            place
            for place in places
            if asked.get("recipe", place[0]) == place[0] and asked.get("night", place[1]) == place[1]
        ]
        if named and not wanted:  # a chat's rollout, for one, is of none
            told = notice("There is no such recipe and night; this is the latest.", "error")
        recipe, night = (wanted or places)[0]
        of = asked.get("queue") or ("cold_start" if self.desk.has_refinements(recipe, night) else "accepted")
        if of not in QUEUES:
            of, told = "accepted", notice(f"There is no queue `{of}`; this is accepted.", "error")
        choice = Choice(of, recipe, night)
        rollout = asked.get("rollout") or self.desk.next(choice, None)
        names = [(f"{recipe} · {night}", f"{recipe}/{night}") for recipe, night in places]
        chooser = {"of": {"value": of}, "place": {"choices": names, "value": f"{recipe}/{night}"}}
        return self._show(choice, rollout, told) | chooser

    def _whose(self, asked: dict[str, str]) -> dict[str, str]:
        """A link with the recipe and night of its rollout, where it names a rollout alone."""
        if not asked.get("rollout") or {"recipe", "night"} & asked.keys():
            return asked
        found = shown(self.desk.lake, asked["rollout"])
        if found is None:
            return asked
        recipes = sorted(row["recipe"] for row in found.selections)
        return {"night": found.night} | ({"recipe": recipes[0]} if recipes else {}) | asked

    def _show(self, choice: Choice, rollout_id: str | None, message: str = "") -> Answer:
        found = shown(self.desk.lake, rollout_id, recipe=choice.recipe) if rollout_id else None
        counted = self.desk.standing(choice, rollout_id)
        if found:
            latest = found.reviews[0] if found.reviews else {}
            texts = [latest.get("answer") and latest, {"reasoning": found.reasoning, "answer": found.answer}]
            edited = next(filter(None, texts))
            begin = {name: edited[name] or "" for name in ("reasoning", "answer")}
            opened = Open(found.rollout_id, latest.get("review_id"), **begin)
            content = card(found)
        else:
            opened, content = Open(), _nothing(rollout_id, counted.n_rows)
        return (
            _editing(False)
            | _acting(found is not None)
            | {
                "card": {"value": content},
                "open": {"value": json.dumps(asdict(opened))},
                "standing": {"value": standing(choice.of, QUEUES[choice.of], counted)},
                "message": {"value": message},
                "note": {"value": "", "visible": found is not None},
            }
        )


def safely(move: Callable[..., Answer], *given: Any) -> Answer:
    """What a move answers, or, of a lake that cannot be read, why; then nothing that was typed changes."""
    try:
        return move(*given)
    except _UNREADABLE as error:
        return {"message": {"value": notice(f"The lake cannot be read: {_first_words(error)}", "error")}}


def _first_words(error: Exception) -> str:
    """An error in one line; those of object stores come as trees of many, in colours."""
    line = " ".join(re.sub(r"\x1b\[\d*m|↳", " ", str(error)).split())
    return f"{line[:500]} …" if len(line) > 500 else line or type(error).__name__


def _choice(of: str, place: str | None) -> Choice:
    recipe, _, night = (place or "").partition("/")
    return Choice(of, recipe, night)


def _nothing(rollout_id: str | None, n_rows: int) -> str:
    if rollout_id:
        return empty(
            "No such rollout", f"The lake has no rollout {rollout_id}. Choose a queue, or press next."
        )
    if n_rows:
        return empty("All reviewed", "Nothing waits in this queue. Choose another queue or night above.")
    return empty("This queue is empty", "Choose another queue or night above; `r1data run` makes nights.")


def _acting(on: bool) -> Answer:
    """Only of a rollout that is open can anything be said."""
    return {name: {"visible": on} for name in ("note", "approve", "reject", "edit")}


def _editing(on: bool) -> Answer:
    """While a text is edited, only that edit can be stored or given up."""
    return {
        "editor": {"visible": on},
        "edit_row": {"visible": on},
        "buttons": {"visible": not on},
        "of": {"interactive": not on},
        "place": {"interactive": not on},
    }
