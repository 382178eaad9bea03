"""Several processes of this machine, one GPU each, that train together, started by PyTorch's `torchrun`;
without GPUs they talk by gloo.

What this does not do: count the GPUs. A machine with fewer than [launch] processes fails at once.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from r1data.errors import ConfigError
from r1data.recipe import Launch
from r1data.train.launchers.command import command
from r1data.train.launchers.local import SETTINGS, Local


class Torchrun(Local):
    """As many processes as [launch] says; all of them end with the one that waits, as `Local`'s do."""

    def __init__(self, launch: Launch) -> None:
        """Check the recipe.

        Raises:
            ConfigError: the recipe wants several machines.
        """
        if launch.machines > 1:
            raise ConfigError(
                f"[launch] machines is {launch.machines}, but launcher torchrun starts processes on this "
                "machine only. Use launcher slurm."
            )
        super().__init__(launch)

    def command(self, job: Path) -> list[str]:
        """The job's command line."""
        return command(job, self.launch, python=sys.executable)

    def settings(self) -> Mapping[str, str]:
        """Those of one process, but all GPUs are seen."""
        return {name: value for name, value in SETTINGS.items() if name != "CUDA_VISIBLE_DEVICES"}
