"""In an empty folder every command says what to do, and leaves no file."""

import logging
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tasks.errors import SupportEtlError

COMMANDS = (
    "compare",
    "connectors",
    "doctor",
    "erase --account acme --customer 1",
    "forecast",
    "kpis",
    "metrics",
    "migrate --to duckdb:///other.duckdb",
    "models",
    "new kpi rush",
    "quarantine dismiss b 1",
    "quarantine list",
    "quarantine replay",
    "quarantine show b 1",
    "reconcile",
    "replay",
    "report",
    "state list",
    "state reset acme tickets --yes",
    "status",
    "statuses",
    "tidy",
)
LIST_ONLY = {"connectors", "kpis", "models", "doctor", "tidy"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_to_do_and_leaves_no_file(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPPORT_ETL_CONFIG", raising=False)
    logger = logging.getLogger("support_etl")
    for name in ("handlers", "propagate", "level"):
        monkeypatch.setattr(logger, name, getattr(logger, name))
    result = CliRunner().invoke(app, command.split())
    refusal = result.exception
    assert refusal is None or isinstance(refusal, (SupportEtlError, SystemExit)), refusal
    if command not in LIST_ONLY:
        advice = f"{result.output} {refusal}"
        assert re.search("support-etl|support_etl.toml|no account|checkout", advice), advice
    assert list(tmp_path.iterdir()) == []
