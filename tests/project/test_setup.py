"""The committed settings: what Dagster reads, and what `make` does before it installs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with a space in its name, and only what `make install` reads first."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    shutil.copy(PROJECT / "Makefile", folder)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    shutil.copytree(PROJECT / "requirements", folder / "requirements")
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHON", "SET"))
    }
    return subprocess.run(["make", *words], cwd=folder, env=outside, capture_output=True, text=True)


def test_dagster_accepts_its_settings_and_sends_nothing_home(tmp_path):
    import dagster as dg

    shutil.copy(PROJECT / "dagster_home" / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert (instance.telemetry_enabled, instance.nux_enabled) == (False, False)
        pools = instance.get_concurrency_config().pool_config
        assert (pools.pool_granularity.value, pools.default_pool_limit) == ("op", 1)
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled


def test_the_workspace_names_the_module_that_pyproject_names():
    import tomllib

    (location,) = yaml.safe_load((PROJECT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    tools = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert location["python_module"]["module_name"] == tools["dagster"]["module_name"]
    assert location["python_module"]["location_name"] == "r1data"


def test_without_a_python_make_says_which_one_it_needs_in_one_line(bare):
    refused = make(bare, "install", "PYTHON=no-such-python", "SET=cpu")
    assert refused.returncode == 2
    said = [line for line in refused.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1 and said[0].startswith("Python 3.11")


def test_without_ensurepip_make_says_what_to_install_in_one_line(bare):
    python = bare.parent / "python-without-ensurepip"
    python.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec python3 "$@"\n')
    python.chmod(0o755)
    refused = make(bare, "install", f"PYTHON={python}", "SET=cpu")
    said = [line for line in refused.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1 and "python3-venv" in said[0]


def test_a_failed_install_shows_why_and_leaves_no_stamp(bare):
    (bare / "requirements" / "cpu.txt").write_text("no-such-package-r1data==0\n")
    failed = make(
        bare, "install", "SET=cpu", "PIP_NO_INDEX=1", "PIP_CONFIG_FILE=/dev/null", "PIP_FIND_LINKS="
    )
    assert failed.returncode == 2
    assert "no-such-package-r1data" in failed.stderr
    assert list((bare / ".venv").glob("pins-*")) == []
