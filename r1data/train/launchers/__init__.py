"""Launchers: where a training job runs. To add one, write a file here and name it below."""

from collections.abc import Callable

from r1data.recipe import Launch
from r1data.train.launchers import kubernetes, local, ray, slurm, torchrun, verl
from r1data.train.launchers.launcher import Launcher, Status

LAUNCHERS: dict[str, Callable[[Launch], Launcher]] = {
    "local": local.Local,
    "torchrun": torchrun.Torchrun,
    "slurm": slurm.Slurm,
    "kubernetes": kubernetes.Kubernetes,
    "ray": ray.Ray,
    "verl": verl.Verl,
}
"""By name: section [launch] of a student's recipe → what submits its jobs."""

__all__ = ["LAUNCHERS", "Launcher", "Status"]
