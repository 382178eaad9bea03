"""Rules for containers: who they run as, where they listen, what they may; and no secret is written."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import dagster_webserver
from packaging.requirements import Requirement

from r1data import paths
from r1data.cli import app
from r1data.recipe.load import load_recipe
from tests.deploy.files import DEPLOY, compose, containers, resources

SERVICES = compose()["services"]
CONTAINERS = {name: (container, pod) for name, container, pod in containers()}
LONG_RUNNING = [name for name in CONTAINERS if not name.endswith("/prepare")]
COMMANDS = [
    *((name, service["command"]) for name, service in SERVICES.items() if "command" in service),
    *((name, one["command"]) for name, (one, _) in CONTAINERS.items() if "command" in one),
]
PINNED = re.compile(r"(postgres:\d+\.\d+-alpine\d+\.\d+|r1data:0\.1\.0-\S+)")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_and_limits_and_says_whether_it_is_well(name):
    service = SERVICES[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "cap_add" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert "test" in service["healthcheck"] or name == "prepare"
    assert service["restart"] == ("no" if name == "prepare" else "unless-stopped")
    assert PINNED.fullmatch(service["image"])


def test_every_port_is_published_on_loopback_and_the_one_beyond_it_inside_wants_a_token():
    ports = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for found in ports.values() for port in found)
    beyond = {name for name, service in SERVICES.items() if "0.0.0.0" in service.get("command", [])}
    assert beyond == {"webserver", "student"}
    assert "R1DATA_TOKEN" in SERVICES["student"]["environment"]
    # Only ours are in the webserver's networks, and what has the host's listens on its loopback alone.
    assert {name for name, one in SERVICES.items() if "store" in one.get("networks", [])} == {
        *("postgres", "code", "webserver", "daemon")
    }
    assert {name for name, one in SERVICES.items() if "network_mode" in one} == {"page"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_no_rights_and_limits(name):
    container, pod = CONTAINERS[name]
    user = pod["securityContext"]
    assert user["runAsNonRoot"] is True and user["runAsUser"] > 0
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert set(container["resources"]) == {"requests", "limits"}
    assert all(set(found) == {"cpu", "memory"} for found in container["resources"].values())
    assert container["image"] == "r1data" or PINNED.fullmatch(container["image"])


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_container_that_stays_has_three_probes(name):
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(CONTAINERS[name][0])


def test_in_the_cluster_only_what_asks_for_a_password_or_token_listens_beyond_the_pod():
    assert "ports" not in CONTAINERS["dagster/webserver"][0]
    beyond = {name for name, (one, _) in CONTAINERS.items() if "0.0.0.0" in one.get("command", [])}
    assert beyond == {"student/server"}
    assert "R1DATA_TOKEN" in {one["name"] for one in CONTAINERS["student/server"][0]["env"]}
    kinds = [one for one in resources() if one["kind"] == "Service"]
    assert {one["metadata"]["name"] for one in kinds} == {"postgres", "student"}
    assert {one["spec"].get("type", "ClusterIP") for one in kinds} == {"ClusterIP"}
    nothing = [one["spec"] for one in resources() if one["metadata"]["name"] == "nothing"]
    assert nothing == [{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}]


def test_no_secret_is_written_only_named():
    assert [one for one in resources() if one["kind"] == "Secret"] == []
    named = re.compile(r"PASSWORD|TOKEN|SECRET|KEY")
    for name, (container, _) in CONTAINERS.items():
        values = [one for one in container.get("env", ()) if named.search(one["name"]) and "value" in one]
        assert [one for one in values if not one["name"].endswith("_FILE")] == [], name
    for name, service in SERVICES.items():
        given = {key: value for key, value in service.get("environment", {}).items() if named.search(key)}
        assert all(value.startswith(("${", "/run/secrets/")) for value in given.values()), name


def options(command: list[str]) -> set[str]:
    """Those of the verb that a command names."""
    program, *words = command
    found: Any = {
        "r1data": lambda: typer.main.get_command(app),
        "dagster": create_dagster_cli,
        "deploy/code.sh": lambda: create_dagster_cli().commands["api"].commands["grpc"],
        "dagster-daemon": create_dagster_daemon_cli,
        "dagster-webserver": lambda: dagster_webserver,
    }[program]()
    while hasattr(found, "commands"):
        found, words = found.commands[words[0]], words[1:]
    return {option for one in found.params for option in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("name, command", COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_command_is_one_that_exists_with_options_that_it_has(name, command):
    if command[0].endswith(".sh"):
        assert (paths.PROJECT / command[0]).stat().st_mode & 0o111
    if command[0] != "deploy/prepare.sh":
        assert {word.split("=")[0] for word in command if word.startswith("-")} <= options(command)


def test_what_the_image_copies_holds_all_that_its_commands_read_and_no_state():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert all((paths.PROJECT / path).exists() for path in kept)
    assert not {".git", "dagster_home", "tests", "deploy"} & kept
    read = {word for _, command in COMMANDS for word in command if word.startswith("deploy/")}
    scripts = "".join(file.read_text(encoding="utf-8") for file in DEPLOY.glob("*.sh"))
    read |= {*re.findall(r"deploy/[\w.]+", scripts)}
    assert read <= kept


def test_the_dockerfile_ends_as_a_user_and_pins_its_base():
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert len(bases) == 2 and all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_the_image_lacks_only_what_the_project_declares_for_its_tests():
    project = tomllib.loads((paths.PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tests = {Requirement(line).name for line in project["optional-dependencies"]["dev"]}
    (left_out,) = re.findall(r"grep -vE '\^\((.*)\)=='", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert set(left_out.split("|")) < tests


def test_the_settings_with_postgres_are_otherwise_those_of_the_project():
    ours = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    theirs = yaml.safe_load((paths.PROJECT / "dagster_home" / "dagster.yaml").read_text(encoding="utf-8"))
    assert set(ours.pop("storage")) == {"postgres"}
    assert ours == theirs


def test_the_launcher_may_what_its_documentation_says_and_no_more():
    (role,) = [one for one in resources() if one["kind"] == "Role"]
    may = {
        (resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    jobs = {("jobs", verb) for verb in ("create", "get", "list", "delete")}
    assert may == {*jobs, ("pods", "list"), ("pods/log", "get")}


def test_the_recipe_that_is_named_is_there():
    (config,) = [one for one in resources() if one["kind"] == "ConfigMap"]
    recipe = load_recipe(Path(config["data"]["R1DATA_RECIPE"]))
    assert config["data"]["R1DATA_STUDENT"] in recipe.students
