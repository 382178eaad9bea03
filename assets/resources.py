"""What assets are given: the lake and the recipe."""

import dagster as dg

from r1data.lake import Lake
from r1data.recipe import Recipe, load_recipe


class LakeResource(dg.ConfigurableResource):
    """The lake; without `root`, the one that R1DATA_LAKE names."""

    root: str | None = None

    def open(self) -> Lake:
        """The lake itself."""
        return Lake(self.root)


class RecipeResource(dg.ConfigurableResource):
    """The recipe; without `path`, the one that R1DATA_RECIPE names."""

    path: str | None = None

    def read(self) -> Recipe:
        """The recipe itself.

        Raises:
            ConfigError: names the file and the key.
        """
        return load_recipe(self.path)
