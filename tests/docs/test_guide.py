"""Every command of the guide for day two, in order, in a user's folder with a sandbox account."""

import json
import os
import re
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from tests_support import free_port

from tasks.sandbox.company import Sandbox, open_sandbox
from tasks.sandbox.world import World

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "deployments" / "DAY_TWO.md").read_text()


@pytest.fixture
def sandbox_of_today(tmp_path: Path, monkeypatch) -> Iterator[Sandbox]:
    """Three weeks up to now: the commands take the real clock."""
    today = datetime.now(UTC).date()
    world = World(
        seed=5, first=today - timedelta(days=21), last=today - timedelta(days=1), daily=2.0
    )
    with open_sandbox(tmp_path / "plans", today=today, world=world) as opened:
        for name, value in opened.secrets.items():
            monkeypatch.setenv(name, value)
        for fake in opened.fakes.values():
            fake.clock = datetime.now(UTC) + timedelta(hours=2)
        yield opened


@pytest.fixture
def folder(sandbox_of_today, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    lines = ['[planning]\nmodels = "floor"\ninterval_days = 1\nhorizon_days = 7']
    for account in sandbox_of_today.accounts:
        if account["connector"] == "zendesk":
            known = {k: v for k, v in account.items() if isinstance(v, (str, int))}
            lines.append(
                "[[accounts]]\n"
                + "\n".join(f"{k} = {json.dumps(v)}" for k, v in known.items())
                + f'\nstart = "{account["start"].isoformat()}"'
            )
    (home / "support_etl.toml").write_text("\n\n".join(lines))
    command = tmp_path / "bin" / "support-etl"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom flows.cli import main\nmain()\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return home


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """One Prefect server for all commands; without it each command would start its own."""
    port = free_port()
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "prefect"),
            "server",
            "start",
            "--port",
            str(port),
            "--no-services",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    api = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + 180
    while True:
        try:
            urllib.request.urlopen(f"{api}/health", timeout=5).close()
            break
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline, "Prefect's server did not start within 180 s"
            time.sleep(0.5)
    yield api
    process.kill()
    process.wait(30)


def test_every_command_of_the_guide_for_day_two(folder: Path, server: str, postgres):
    environment = {
        **os.environ,
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PREFECT_HOME": str(folder / ".prefect"),
        "PREFECT_API_URL": server,
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "NEW_WAREHOUSE_URL": postgres(),
        "SUPPORT_ETL_SECRET_ERASURE_KEY": "a long random text for the guide",
        "SUPPORT_ETL_RULES__BEHIND_HOURS": "100000",
    }

    def call(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    assert call("support-etl run").returncode == 0
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        environment["CUSTOMER"] = connection.execute(
            "select requester_id from core.fct_ticket where account = 'zendesk_acme' order by 1"
            " limit 1"
        ).fetchone()[0]
    lines = dict.fromkeys(
        line
        for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
        for line in block.strip().splitlines()
    )  # each once
    assert len(lines) >= 15
    reported = {}
    for line in lines:
        done = call(line)
        allowed = (
            {0, 3} if line == "support-etl status" else {0}
        )  # the sandbox's clock is not today's, which status reports
        assert done.returncode in allowed, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        reported[line] = done.stdout + done.stderr
    assert (
        "rows copied" in reported['SUPPORT_ETL_MIGRATE_TO="$NEW_WAREHOUSE_URL" support-etl migrate']
    )
    assert (
        "nothing is left"
        in reported['support-etl erase --account zendesk_acme --customer "$CUSTOMER"']
    )
    assert "Compared with the vendors" in reported["support-etl reconcile --everything"]
    assert (
        "completed" in reported['SUPPORT_ETL_WAREHOUSE__URL="$NEW_WAREHOUSE_URL" support-etl run']
    )
