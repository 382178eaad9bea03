"""Asking a cluster of Kubernetes by the maintained client, which is loaded at the first question."""

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from r1data.errors import ConfigError, first_line

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

ANSWER_S = 30.0


class Refused(Exception):
    """The cluster did not do what it was asked, or did not answer; `status` is of HTTP, or None."""

    def __init__(self, status: int | None, words: str) -> None:
        super().__init__(words)
        self.status = status


def connect(context: str | None) -> "ApiClient":
    """A client of the cluster that this process runs in, or of the one that the kubeconfig names.

    Raises:
        ConfigError: the client is not installed, or nothing says where the cluster is.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise ConfigError(
            "Launcher kubernetes needs the package kubernetes, which is not installed. Install the extra: "
            "`pip install 'r1data[kubernetes]'`."
        ) from error
    kubeconfig = os.environ.get("KUBECONFIG")
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ and not (kubeconfig or context):
            settings = client.Configuration()
            config.load_incluster_config(client_configuration=settings)
            return client.ApiClient(settings)
        return config.new_client_from_config(kubeconfig, context, persist_config=False)
    except config.ConfigException as error:
        raise ConfigError(
            f"Launcher kubernetes finds no cluster: {first_line(error)}. Set KUBECONFIG, or context under "
            "[launch.kubernetes]."
        ) from error


def ask(call: Callable[..., Any], *words: Any, **options: Any) -> Any:
    """What the cluster answers.

    Raises:
        Refused: it did not do it, or did not answer.
    """
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        return call(*words, **options, _request_timeout=ANSWER_S)
    except ApiException as error:
        raise Refused(error.status, _message(error.body) or str(error.reason)) from error
    except HTTPError as error:
        raise Refused(None, first_line(error)) from error


def _message(body: str | bytes | None) -> str:
    """What a refusal says, which the API wraps into JSON."""
    try:
        return json.loads(body or "")["message"]
    except (ValueError, TypeError, KeyError):
        return ""
