"""The container recipes, as far as they can be checked without a container engine."""

import asyncio
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from prefect.workers.base import BaseJobConfiguration

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deployments" / "containers"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def placeholders(value: Any) -> set[str]:
    return set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(value)))


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_a_pool_has_a_variable_for_each_placeholder_and_the_image_of_this_version(kind: str):
    template = json.loads((FOLDER / f"{kind}.json").read_text())
    variables = template["variables"]["properties"]
    assert placeholders(template["job_configuration"]) == set(variables)
    assert variables["image"]["default"] == f"support-etl:{VERSION}"
    assert not any(
        re.search("password|token|secret", str(v.get("default", "")), re.IGNORECASE)
        for name, v in variables.items()
    )
    made = asyncio.run(
        BaseJobConfiguration.from_template_and_values(
            template, {"command": "prefect flow-run execute", "env": {"A": "b"}}
        )
    )
    assert (made.command, made.env) == ("prefect flow-run execute", {"A": "b"})


def test_a_job_on_kubernetes_is_an_ordinary_user_and_writes_to_its_volumes_only():
    pod = json.loads((FOLDER / "kubernetes.json").read_text())["job_configuration"]["job_manifest"][
        "spec"
    ]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {m["mountPath"] for m in container["volumeMounts"]} == {"/data", "/tmp"}  # noqa: S108
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}


def test_the_image_is_built_from_existing_files_that_are_not_ignored():
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        name
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert f"support-etl:{VERSION}" in lines[0]
    assert any(line.startswith("USER 10001") for line in lines), "not root"
