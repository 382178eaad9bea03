"""The files of deploy/, read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def compose() -> dict[str, Any]:
    """compose.yaml with its anchors resolved."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def resources() -> list[dict[str, Any]]:
    """Every object of the base that Kubernetes is given."""
    base = DEPLOY / "kubernetes" / "base"
    names = yaml.safe_load((base / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [one for name in names for one in yaml.safe_load_all((base / name).read_text(encoding="utf-8"))]


def containers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, container and pod of every container, those that run once included."""
    for one in resources():
        if pod := one.get("spec", {}).get("template", {}).get("spec"):
            for container in (*pod.get("initContainers", ()), *pod["containers"]):
                yield f"{one['metadata']['name']}/{container['name']}", container, pod
