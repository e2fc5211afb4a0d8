"""A real Prefect server, the shipped deployments, and a real worker that executes a scheduled run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Bench
from tests_support import TODAY, free_port, midnight

ROOT = Path(__file__).resolve().parents[2]
PREFECT = str(Path(sys.executable).parent / "prefect")


def call(url: str, body: dict | None = None) -> object:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def wait_for(check, seconds: float, what: str):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            found = check()
            if found:
                return found
        time.sleep(1)
    raise AssertionError(f"{what} within {seconds:.0f} s")


@pytest.fixture
def home(bench: Bench, tmp_path: Path) -> Path:
    """A user's folder: settings, code, Prefect's own home."""
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    lines = [f"[warehouse]\nurl = {json.dumps(bench.url)}", f"[landing]\nurl = {json.dumps(str(tmp_path / 'landing'))}",
             f"[reports]\nfolder = {json.dumps(str(tmp_path / 'reports'))}", '[business]\ntime_zone = "Europe/Berlin"']
    for account in bench.accounts:
        if account["connector"] in {"zendesk", "surveymonkey"}:
            body = "\n".join(f"{k} = {_toml(v)}" for k, v in account.items())
            lines.append(f"[[accounts]]\n{body}")
    (folder / "support_etl.toml").write_text("\n\n".join(lines) + "\n")
    return folder


def _toml(value: object) -> str:
    if isinstance(value, datetime):
        return json.dumps(value.isoformat())
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def test_a_worker_executes_a_scheduled_run_of_the_shipped_deployment(home: Path, bench: Bench, tmp_path: Path):
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": api, "SUPPORT_ETL_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "INFO", "PYTHONPATH": str(ROOT),
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5", "PREFECT_WORKER_QUERY_SECONDS": "2",
    }
    processes: list[subprocess.Popen] = []

    def start(*command: str) -> subprocess.Popen:
        log = (tmp_path / f"{command[0]}{len(processes)}.log").open("w")
        process = subprocess.Popen([PREFECT, *command], cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)
        processes.append(process)
        return process

    def prefect(*command: str) -> str:
        done = subprocess.run([PREFECT, *command], cwd=home, env=environment, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        start("server", "start", "--port", str(port))
        wait_for(lambda: call(f"{api}/health"), 120, "the server answers")
        prefect("work-pool", "create", "support-etl", "--type", "process")
        prefect("--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "deployments" / "prefect.yaml"))
        deployments = {d["name"]: d for d in call(f"{api}/deployments/filter", {})}
        assert set(deployments) == {"daily", "hourly", "backfill", "weekly-reconciliation"}
        assert all(d["description"] for d in deployments.values())
        scheduled = wait_for(lambda: call(f"{api}/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}), 60,
                             "cron schedules create runs")
        assert {r["deployment_id"] for r in scheduled} <= {deployments[n]["id"] for n in ("daily", "hourly", "weekly-reconciliation")}
        due = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
        run = call(f"{api}/deployments/{deployments['daily']['id']}/create_flow_run", {
            "parameters": {"as_of": midnight(TODAY).isoformat()},
            "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": due}}})
        start("worker", "start", "--pool", "support-etl")
        ended = wait_for(
            lambda: (lambda r: r if r["state_type"] in {"COMPLETED", "FAILED", "CRASHED"} else None)(call(f"{api}/flow_runs/{run['id']}")),
            240, "the worker ends the run")
        logs = "\n".join(p.read_text() for p in tmp_path.glob("*.log"))
        assert ended["state_type"] == "COMPLETED", ended["state"]["message"] + logs[-3000:]
        tasks = {t["name"] for t in call(f"{api}/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})}
        assert any(t.startswith("ingest zendesk_acme/tickets") for t in tasks)
        assert any(t.startswith("model marts.kpi_daily") for t in tasks)
        artifacts = {a["key"]: a for a in call(f"{api}/artifacts/filter", {})}
        assert {"kpis", "validation"} <= set(artifacts)
        assert "Tickets created" in artifacts["kpis"]["data"]
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert bench.fetch("select count(*) > 100 from marts.kpi_daily") == [(True,)]
    stored = b"".join(p.read_bytes() for p in (tmp_path / "prefect").rglob("*") if p.is_file())
    assert b"zendesk-demo-token" not in stored, "a secret in Prefect's own files"
