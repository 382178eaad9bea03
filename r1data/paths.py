"""Where things are: the project's folder, its home for state, and the lake.

The package is installed in place (`make install`), so recipes and SQL files are read beside it.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
"""The folder that holds `recipes/`, `sql/` and `workspace.yaml`."""


def home() -> Path:
    """Folder of Dagster's state, models, students and the default lake: DAGSTER_HOME, else `dagster_home`."""
    return Path(os.environ.get("DAGSTER_HOME") or PROJECT / "dagster_home").resolve()


def lake_root() -> str:
    """The lake: R1DATA_LAKE (a folder or `s3://…`), else `lake` in `home()`."""
    return os.environ.get("R1DATA_LAKE") or str(home() / "lake")


def models() -> Path:
    """Folder of converted models."""
    return home() / "models"


def students() -> Path:
    """Folder of trained students."""
    return home() / "students"
