"""Verb plan: what a night would make, before it makes anything."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r1data.cli.night import checked_night
from r1data.cli.options import Json, NightOption, RecipeOption
from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.report import show

if TYPE_CHECKING:
    from r1data.generate.planning.estimate import Estimate
    from r1data.generate.planning.tonight import DryRun

    Planned = tuple[DryRun, Estimate]


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command()(plan)


def plan(
    recipe: RecipeOption = None,
    night: NightOption = None,
    what_if: Annotated[
        Path | None, typer.Option(help="Another recipe; its plan is set beside this one's.")
    ] = None,
    json: Json = False,
) -> None:
    """What a night would make and why, with the tokens, time and money that this is expected to take.

    Publishes nothing.
    """
    from r1data.generate.planning.estimate import estimate
    from r1data.generate.planning.tonight import dry_run
    from r1data.report import plan as told

    lake, now = Lake(), datetime.now(UTC)
    wanted = load_recipe(recipe)
    name = checked_night(night, wanted)
    planned = dry_run(lake.scan, wanted, night=name, now=now)
    found = estimate(planned)
    if what_if:
        other = load_recipe(what_if)
        if other.name != wanted.name:
            raise ConfigError(
                f"{what_if} is recipe {other.name}, not {wanted.name}. Compare copies of one recipe: what is "
                "planned depends on what that recipe has asked before."
            )
        changed = dry_run(lake.scan, other, night=checked_night(night, other), now=now)
        _show_both((planned, found), (changed, estimate(changed)), json)
        return
    show.frame(found.rows if json else told.readable(found.rows), as_json=json)
    if not json:
        _show_basis(planned, found)


def _show_both(one: "Planned", other: "Planned", json: bool) -> None:
    from r1data.report import plan as told

    rows = told.side_by_side(one[1], other[1])
    show.frame(rows if json else told.readable_difference(rows), as_json=json)
    if not json:
        for name, planned in (("recipe", one), ("what_if", other)):
            print(f"{name}:")
            _show_basis(*planned)


def _show_basis(planned: "DryRun", found: "Estimate") -> None:
    """What the budget would cut off, and what the numbers rest on."""
    from r1data.report import plan as told

    if found.limits.height:
        show.frame(found.limits, as_json=False, title="What the budget would cut off")
    for line in told.notes(planned, found):
        print(line)
