"""What linters and schemas say of deploy/; they need no network and no cluster."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.deploy.files import DEPLOY, resources

RULES = """
extends: default
rules:
  line-length: {max: 120}
  document-start: disable
"""


def said(*command: str | Path) -> str:
    """What a linter complains of."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "no words"


def test_hadolint_has_nothing_against_the_dockerfile():
    hadolint = shutil.which("hadolint", path=sysconfig.get_path("scripts")) or shutil.which("hadolint")
    assert said(hadolint, DEPLOY / "Dockerfile") == ""


def test_compose_files_keep_the_schema_of_the_compose_specification():
    files = sorted(DEPLOY.glob("compose*.yaml"))
    assert len(files) == 3
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    assert said(*command, *files) == ""


def test_yamllint_has_nothing_against_any_file():
    assert said(sys.executable, "-m", "yamllint", "--strict", "-d", RULES, DEPLOY) == ""


@pytest.mark.parametrize("one", resources(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_an_object_of_the_base_keeps_the_schema_of_kubernetes(one):
    kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.skipif(
    not shutil.which("kubectl"), reason="kubectl, which puts overlays together, is not installed"
)
@pytest.mark.parametrize("overlay", ["base", "gpu", "sandbox"])
def test_an_overlay_becomes_objects_that_keep_the_schema_of_kubernetes(overlay):
    made = subprocess.run(
        ["kubectl", "kustomize", DEPLOY / "kubernetes" / overlay], capture_output=True, text=True, check=True
    )
    found = list(yaml.safe_load_all(made.stdout))
    assert len(found) == len(resources())
    for one in found:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    text = made.stdout
    assert ("nvidia.com/gpu" in text, "Unconfined" in text) == (overlay == "gpu", overlay == "sandbox")
    assert ("image: r1data:0.1.0-gpu" in text) == (overlay == "gpu")
