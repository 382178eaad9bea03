"""Put an export onto a Hugging Face hub, as a data set of its own."""

import os
import re

from r1data.errors import ConfigError, OfflineError
from r1data.train.exports.base import Export

_ADDRESS = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+)")


def push(export: Export, address: str) -> str:
    """Upload the folder of an export in one commit; a data set that there is not is made, private.

    Args:
        export: what to upload.
        address: `hf://datasets/owner/name`. The hub is that of HF_ENDPOINT, the token that of HF_TOKEN.

    Returns:
        The address of the commit.

    Raises:
        ConfigError: the address is of another kind, there is no token, or the hub refuses.
        OfflineError: no hub answers.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    repository, token = repository_of(address), os.environ.get("HF_TOKEN")
    if not token:
        raise ConfigError(f"{address} needs a token. Put one that may write into HF_TOKEN.")
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
    try:
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        made = api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=export.folder,
            commit_message=f"Export {export.digest}: {export.n_rows} rows of mix {export.mix}",
            # What an earlier export left must not be read as part of this one.
            delete_patterns=["*.jsonl", "*.parquet", "*.json", "*.py"],
        )
    except (HfHubHTTPError, HFValidationError) as error:
        raise ConfigError(f"{api.endpoint} refuses {address}: {_line(error)}") from error
    except (httpx2.TransportError, OfflineModeIsEnabled, OSError) as error:
        raise OfflineError(
            f"No hub answers at {api.endpoint} ({_line(error)}). Run it where one does, or set HF_ENDPOINT; "
            f"the export lies in {export.folder}."
        ) from error
    return str(made.commit_url)


def repository_of(address: str) -> str:
    """`owner/name` of an address.

    Raises:
        ConfigError: it is not `hf://datasets/owner/name`.
    """
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ConfigError(f"--push {address} is no data set of a hub. Write hf://datasets/owner/name.")
    return found[1]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
