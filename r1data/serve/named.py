"""Models by the words that people name them with."""

from pathlib import Path

from r1data.errors import ConfigError
from r1data.generate.models import STUDENT, ModelFolder, resolve


def named(name: str) -> tuple[ModelFolder, str | None]:
    """A model on this machine, and the student that it is, if any.

    Args:
        name: of a student, with `student:` or without, or whatever `r1data.generate.models.resolve` takes.

    Raises:
        ConfigError: there is no such model, or it has no files here.
        OfflineError, InputError: as `resolve`.
    """
    plain = ":" not in name and "/" not in name and not Path(name).expanduser().is_dir()
    whole = STUDENT + name if plain else name
    model = resolve(whole)
    if not model.path.is_dir():
        raise ConfigError(f"{name} has no weights here. Name a student, a model folder or `embedded:NAME`.")
    return model, whole.removeprefix(STUDENT) if whole.startswith(STUDENT) else None
