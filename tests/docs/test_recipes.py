"""The recipes of CONTRIBUTING.md, each carried out in a copy of the tree, up to its green tests."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.connectors import connectors
from tasks.sqlmodels.catalog import models
from tasks.sqlmodels.kpis import kpis

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
TOOLS = Path(sys.executable).parent
Call = Callable[..., str]


def recipe(title: str) -> str:
    """The section of CONTRIBUTING.md below a heading."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)[1]


def block(text: str, language: str) -> str:
    """The first block of code in a language."""
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree, without the files that a build or a run leaves behind."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in ("flows", "tasks", "sql", "expectations", "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "benchmarks", "faults")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "deployments", copy / "deployments")
    return copy


@pytest.fixture
def call(tree: Path) -> Call:
    """Run a command line of a recipe in the copy; give its output."""

    def run(line: str) -> str:
        words = line.replace(".venv/bin/", "").replace(
            "support-etl", 'python -c "from flows.cli import main; main()"'
        )
        done = subprocess.run(
            ["bash", "-ec", words],
            cwd=tree,
            env={
                **os.environ,
                "PYTHONPATH": str(tree),
                "PATH": f"{TOOLS}:{os.environ['PATH']}",
                "BRUTE_FORCE_TICKETS": "400",
            },
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def carry_out(title: str, call: Call) -> None:
    """Run every command of a recipe, in their order."""
    for line in block(recipe(title), "sh").strip().splitlines():
        call(line.partition("  #")[0])


def test_a_new_kpi(tree: Path, call: Call):
    carry_out("A new KPI", call)
    assert "urgent_tickets" not in kpis()
    assert "urgent_tickets" in call("support-etl kpis --json")


def test_a_new_model(tree: Path, call: Call):
    carry_out("A new table", call)
    assert "marts.busy_teams" not in models()
    assert "marts.busy_teams" in call("support-etl models --json")


def test_a_new_vendor(tree: Path, call: Call):
    carry_out("A new vendor", call)
    assert "acme_desk" not in connectors()
    lint = "ruff check --no-cache tasks/connectors/acme_desk tasks/sandbox/vendors/acme_desk.py"
    call(f"{lint} && {lint.replace('check', 'format --check')}")
    call("mypy --no-incremental tasks/connectors/acme_desk tasks/sandbox/vendors/acme_desk.py")


def test_a_new_rule(tree: Path, call: Call):
    text = recipe("A new rule")
    with (tree / "expectations" / "ticket.yml").open("a") as file:
        file.write(block(text, "yaml"))
    carry_out("A new rule", call)


def test_names_in_use_or_with_special_characters_are_refused(tree: Path, call: Call):
    for words, reason in (
        ("new kpi csat", "is there already"),
        ("new model Busy-Teams", "lower case words"),
        ("new kpi csat --folder tests", "not a checkout"),
    ):
        printed = call(f"support-etl {words} 2>&1 || test $? = 2")
        assert reason in " ".join(printed.split())
