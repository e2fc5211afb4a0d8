"""The wheel does the same in a folder without a checkout as the checkout does."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel; its dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def call(installed: Path, folder: Path, *words: str) -> str:
    """Standard output of a command in a folder, with the code of the wheel alone."""
    code = (
        "import sys, flows, tasks, flows.cli;"
        f" assert all(m.__file__.startswith({str(installed)!r}) for m in (flows, tasks));"
        f" sys.argv = ['support-etl', *{list(words)!r}]; flows.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_every_file_that_is_read_at_run_time(installed: Path):
    data = installed / "tasks" / "_data"
    for folder in ("sql", "expectations", "deployments"):
        shipped = {p.relative_to(data) for p in (data / folder).rglob("*") if p.is_file()}
        assert shipped == {p.relative_to(ROOT) for p in (ROOT / folder).rglob("*") if p.is_file()}
    assert {p.name for p in (data / "docs").iterdir()} == {"extending.md", "files.md"}
    for package in ("flows", "tasks"):
        read = {p for p in (ROOT / package).rglob("*") if p.suffix not in {"", ".pyc"}}
        assert all((installed / p.relative_to(ROOT)).is_file() for p in read if p.is_file())
        assert (installed / package / "py.typed").is_file()


def test_commands_work_in_an_empty_folder(installed: Path, tmp_path: Path):
    assert call(installed, tmp_path, "--version").strip() == f"support-etl {PROJECT['version']}"
    assert "Set up" in call(installed, tmp_path, "--help")
    assert "Zendesk Support" in call(installed, tmp_path, "connectors")
    assert "core.fct_ticket" in call(installed, tmp_path, "models")
    assert list(tmp_path.iterdir()) == []
    call(installed, tmp_path, "init", "--connector", "files")
    folder = tmp_path.resolve()
    assert f'directory: "{folder}"' in (folder / "prefect.yaml").read_text()
    assert "account plans" in call(installed, tmp_path, "doctor")
