"""Addresses and keys of servers: what a recipe may name, and what a server says about when to come back."""

import os
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from r1data.errors import ConfigError

LONGEST_RETRY_AFTER_S = 3600.0
"""A server's wish to wait longer than this is cut to it."""


def checked_url(url: str, section: str) -> str:
    """An address up to and with `/v1`, without the final slash.

    Raises:
        ConfigError: it is no address, or it holds a key; names the recipe's section.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # one that is out of range
    except ValueError as error:
        raise ConfigError(f"[{section}] url = {url!r} is no address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"[{section}] url = {url!r} is no address. Write one such as http://127.0.0.1:8000/v1."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"[{section}] the url of {parts.hostname} holds more than host and path. Put a key into an "
            "environment variable and name that one: `api_key_env`."
        )
    return url.rstrip("/")


def key_of(variable: str | None, section: str) -> str | None:
    """The key that an environment variable holds; None when the recipe names no variable.

    Raises:
        ConfigError: the variable is not set, or holds no key.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        state = "holds no key" if key else "is not set"
        raise ConfigError(
            f"The environment variable {variable}, which [{section}] names, {state}. Set it, and start again."
        )
    return key


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `retry-after-ms` or `Retry-After` (RFC 9110, section 10.2.3: seconds or a date)."""
    try:
        if "retry-after-ms" in headers:
            wait = float(headers["retry-after-ms"]) / 1000
        else:
            wait = float(headers["retry-after"])
    except KeyError:
        return None
    except ValueError:
        try:
            date = parsedate_to_datetime(headers["retry-after"])
        except (KeyError, ValueError):
            return None
        wait = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time.time()
    return min(max(0.0, wait), LONGEST_RETRY_AFTER_S)
