"""Prompts from a data set of the Hugging Face hub, by its id; its columns are mapped as those of `files`.

    [[prompts]]
    name = "gsm8k"
    source = "hub"
    dataset = "openai/gsm8k"
    config = "main"
    revision = "e53f048856ff4f594e959d75785d2c2d37b678ee"
    columns = { prompt = "question", reference = "answer" }

The `datasets` library fetches it once and keeps it. With a whole commit as `revision` nothing is asked of the
hub once the data set is here; without one, each night asks which commit is the newest.
"""

import importlib.util
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from r1data.errors import ConfigError, InputError, OfflineError, first_line
from r1data.prompts.mapped import Config, check_map, question, turn, wanted_columns
from r1data.prompts.question import Question
from r1data.text import nearest

COMMIT = re.compile(r"[0-9a-f]{40}")


def hub(config: Config, *, night: date | None, start: date) -> Iterator[Question]:
    """Give the rows whose turn it is, as `files` does; `origin` names the commit that was read.

    Raises:
        ConfigError: the section names no data set, split or column that there is.
        InputError: a row cannot be used; the message names it.
        OfflineError: the data set is not here, and the hub does not answer.
    """
    check_map(config)
    if not config.dataset:
        raise ConfigError(
            f"`{config.name}` has no `dataset`. Give an id such as `openai/gsm8k`, or a folder."
        )
    if importlib.util.find_spec("datasets") is None:
        raise ConfigError(
            f"`{config.name}` reads a data set, which needs `datasets`: pip install 'r1data[train]'."
        )
    revision = None
    if not Path(config.dataset).is_dir():
        _check_id(config)
        revision = _commit(config)
    rows = _load(config, revision)
    for ours, theirs in wanted_columns(config).items():
        if theirs not in rows.column_names:
            raise ConfigError(
                f"`columns.{ours}` of `{config.name}`: {config.dataset} has no column "
                f"{nearest(theirs, rows.column_names)}"
            )
    parts = (config.dataset, revision and f"at {revision}", config.config, config.split)
    origin = " ".join(part for part in parts if part)
    chosen = sorted(turn(config, rows.num_rows, (night - start).days if night else 0, where=config.dataset))
    mapped = rows.select_columns(list(dict.fromkeys(wanted_columns(config).values())))
    given = [
        question(config, mapped[number], f"row {number}", where=config.dataset, origin=origin)
        for number in chosen
    ]
    yield from given


def _check_id(config: Config) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(config.dataset)
    except HFValidationError as error:
        raise ConfigError(
            f"`dataset` of `{config.name}`: {config.dataset} is no folder, and no id such as `openai/gsm8k`. "
            f"{first_line(error)}"
        ) from error


def _commit(config: Config) -> str:
    """The commit that a branch, a tag or nothing stands for at this moment."""
    if config.revision and COMMIT.fullmatch(config.revision):
        return config.revision
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return HfApi().dataset_info(config.dataset, revision=config.revision).sha
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise _missing(config, error) from error
    except Exception as error:  # the network's own errors, of several libraries
        raise _offline(config, error) from error


def _load(config: Config, revision: str | None) -> Any:
    """The split as a `datasets.Dataset`: rows by number, on the disk."""
    import datasets

    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(
            config.dataset, config.config, split=config.split, revision=revision, streaming=False
        )
    except (ConnectionError, OSError, datasets.exceptions.DatasetNotFoundError) as error:
        if revision is None or isinstance(error, datasets.exceptions.DatasetNotFoundError):
            raise _missing(config, error) from error
        raise _offline(config, error) from error
    except (ValueError, datasets.exceptions.DatasetGenerationError) as error:
        raise InputError(
            f"{config.dataset}, split `{config.split}`: {first_line(error)}. Name another."
        ) from error


def _missing(config: Config, error: Exception) -> InputError:
    return InputError(
        f"{config.dataset}: there is no such data set or revision, or it needs a token in HF_TOKEN "
        f"({first_line(error)}). It is the `dataset` of `{config.name}`."
    )


def _offline(config: Config, error: Exception) -> OfflineError:
    return OfflineError(
        f"{config.dataset}: the hub does not answer ({first_line(error)}). Run where it does, or fetch the "
        f"data set there, copy it here and give its folder as `dataset` of `{config.name}`."
    )
