"""Lakes that a test may change, put back for the next one."""

import shutil
from pathlib import Path

from r1data.lake import Lake


class Kept:
    """A lake, and a copy of it as it was made.

    It always goes back into its own place: its catalog, longer to make than to copy, names files absolutely.
    """

    def __init__(self, place: Path) -> None:
        """Keep what is in the folder of a lake now."""
        self.place, self._made = place, place.with_name(f"{place.name} as made")
        shutil.copytree(self.place, self._made)

    def put_back(self) -> Lake:
        """The lake as it was made."""
        shutil.rmtree(self.place)
        return Lake(shutil.copytree(self._made, self.place))
