"""What the tab Browse answers to each thing that a person does, as values of its components by name.

What a page looks at it sends along (`Look`), and nothing of it is kept here.
"""

import itertools
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from r1data.app.find import COUNTED, Filters, find, values
from r1data.app.found_markup import found_count, found_list
from r1data.app.links import asked_of
from r1data.app.markup import empty, notice
from r1data.app.moves import Answer
from r1data.app.places import places
from r1data.app.trace import read_trace
from r1data.app.trace_markup import trace_card
from r1data.lake import Lake

ALL = "all nights"
FIELDS = ("place", *COUNTED, "id")
"""Components that filter, in the order in which they are shown."""
_ANY = {name: f"any {name}" for name in COUNTED}


@dataclass(frozen=True)
class Look:
    """What a page shows beside its filters."""

    page: int = 0
    """From 1; 0 before anything was looked for."""
    n_pages: int = 0
    rollout: str = ""
    """rollout_id of the trace that is open; empty without one."""
    ids: tuple[str, ...] = ()
    """Rollouts of the page, in their order."""

    @classmethod
    def of(cls, text: str | None) -> "Look":
        """From what the page sends back."""
        held = json.loads(text or "{}")
        return cls(**held | {"ids": tuple(held.get("ids", ()))})


class BrowseMoves:
    """Answers for every page of one lake."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._numbers = itertools.count(1_000_000)  # clicks count from 1

    def load(self, search: str) -> Answer:
        """A page was opened; `search`: the query of its address: filters, page, rollout."""
        mine = asked_of(search, "browse")
        if mine is None:
            return {"message": {}}
        known = places(self.lake, "plan", "selected")
        if not known and self.lake.scan("rollouts").head(1).collect().is_empty():  # a chat is of no night
            told = f"{self.lake.root} holds no night. `r1data run` makes one; then load this page again."
            return {"trace": {"value": empty("There is nothing to browse yet", told)}}
        filters = Filters(**{field.name: mine.get(field.name, "") for field in fields(Filters)})
        if known and not filters.given and "list" not in mine and "rollout" not in mine:
            recipe, night = known[0]
            filters = Filters(recipe=recipe, night=night)
        number = mine.get("list", "1")
        names = [(ALL, "/"), *((f"{recipe} · {night}", f"{recipe}/{night}") for recipe, night in known)]
        place = f"{filters.recipe}/{filters.night}"
        if place not in [name for _, name in names]:
            names.append((place.strip("/"), place))
        chosen = {"place": {"choices": names, "value": place}, "id": {"value": filters.id}}
        shown = self._found(filters, int(number[:9]) if number.isdecimal() else 1, mine.get("rollout", ""))
        return chosen | self._choices(filters) | shown

    def enter(self, look: str, search: str) -> Answer:
        """The tab was entered: the first time as if the page was opened there; then all stays."""
        return self.load(search) if search and not Look.of(look).page else {"message": {}}

    def clear(self, *typed: str | None) -> Answer:
        """All filters but recipe and night are taken away."""
        filters = _filters((typed[0], *("" for _ in FIELDS[1:])))
        return {"id": {"value": ""}} | self._choices(filters) | self._found(filters, 1)

    def choose(self, *typed: str | None) -> Answer:
        """Another recipe and night was chosen; the other filters stay."""
        filters = _filters(typed)
        return self._choices(filters) | self._found(filters, 1)

    def filter(self, *typed: str | None) -> Answer:
        """A filter was changed."""
        return self._found(_filters(typed), 1)

    def turn(self, by: int, look: str, *typed: str | None) -> Answer:
        """Another page of the list is wanted."""
        here = Look.of(look)
        return self._found(_filters(typed), here.page + by)

    def open(self, wanted: str, look: str, *typed: str | None) -> Answer:
        """A rollout was clicked; `wanted`: its id, and a number that makes every click another one."""
        here, rollout_id = Look.of(look), wanted.partition(" ")[0]
        return self._opened(Look(here.page, here.n_pages, rollout_id, here.ids), _filters(typed))

    def step(self, by: int, look: str, *typed: str | None) -> Answer:
        """The next (1) or previous (-1) rollout is wanted, on another page if need be."""
        here, filters = Look.of(look), _filters(typed)
        at = here.ids.index(here.rollout) + by if here.rollout in here.ids else (0 if by > 0 else -1)
        if 0 <= at < len(here.ids):
            return self._opened(Look(here.page, here.n_pages, here.ids[at], here.ids), filters)
        number = here.page + by
        if not here.ids or not 1 <= number <= here.n_pages:
            told = "This is the last rollout." if by > 0 else "This is the first rollout."
            return {"message": {"value": notice(told)}}
        return self._found(filters, number, place=0 if by > 0 else -1)

    def _found(self, filters: Filters, number: int, rollout: str = "", place: int = 0) -> Answer:
        """A page of the list; the trace that it opens is wanted next, so that the list is there before it."""
        page = find(self.lake, filters, number)
        ids = tuple(dict.fromkeys(row["rollout_id"] for row in page.rows))
        opened = rollout or (ids[place] if ids else "")
        look = Look(page.number, page.n_pages, opened, ids)
        return {
            "found": {"value": found_list(page, opened)},
            "count": {"value": found_count(page)},
            "back": {"interactive": page.number > 1},
            "on": {"interactive": page.number < page.n_pages},
            "look": {"value": json.dumps(asdict(look))},
            "wanted": {"value": f"{opened} {next(self._numbers)}"},
            "message": {"value": ""},
        }

    def _opened(self, look: Look, filters: Filters) -> Answer:
        found = read_trace(self.lake, look.rollout, filters.recipe) if look.rollout else None
        if found:
            content = trace_card(found)
        elif look.rollout:
            content = empty(
                "No such rollout", f"The lake has no rollout {look.rollout}. Choose one of the list."
            )
        else:
            content = ""
        link = filters.given | {"list": str(look.page)} | ({"rollout": look.rollout} if look.rollout else {})
        return {
            "trace": {"value": content},
            "look": {"value": json.dumps(asdict(look))},
            "link": {"value": json.dumps(link)},
            "message": {"value": ""},
        }

    def _choices(self, filters: Filters) -> Answer:
        found = values(self.lake, filters.recipe, filters.night)
        answer: Answer = {}
        for name in COUNTED:
            choices: list[tuple[str, str]] = [(f"{value} ({n:,})", value) for value, n in found[name]]
            held = getattr(filters, name)
            if held and held not in [value for _, value in choices]:
                choices.append((f"{held} (0)", held))
            answer[name] = {"choices": [(_ANY[name], ""), *choices], "value": held}
        return answer


def _filters(typed: tuple[str | None, ...]) -> Filters:
    """From the values of FIELDS."""
    given: dict[str, Any] = dict(zip(FIELDS, typed, strict=True))
    recipe, _, night = (given.pop("place") or "/").partition("/")
    return Filters(recipe, night, **{name: (value or "").strip() for name, value in given.items()})
