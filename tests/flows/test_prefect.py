"""A real Prefect server with the shipped deployments and two workers, one of them killed.

The schedules overlap; automations and pools are the shipped ones.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from conftest import Bench
from tests_support import FIRST, TODAY, differences, free_port, midnight

from flows.cli.init import init
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import InjectedFault, Served
from tasks.sandbox.vendors.typeform import Typeform
from tasks.sandbox.world import World

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = ROOT / "deployments"
PREFECT = str(Path(sys.executable).parent / "prefect")
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def wait_for(check: Callable[[], Any], seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            result = check()
            if result:
                return result
        time.sleep(1)
    raise AssertionError(f"{what} within {seconds:.0f} s")


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its children, as when a machine dies.

    A worker's runs have process groups of their own.
    """
    with suppress(psutil.NoSuchProcess):
        for one in [
            *psutil.Process(process.pid).children(recursive=True),
            psutil.Process(process.pid),
        ]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
    process.wait(30)


class Prefect:
    """A server of its own, its command line and its API."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home, self.port = folder, home, free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_LOGGING_LEVEL": "INFO",
            "PYTHONPATH": str(ROOT),
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}{len(self._processes)}.log").open("w") as log:
            process = subprocess.Popen(
                [PREFECT, *command],
                cwd=self.home,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def call(self, *command: str) -> str:
        done = subprocess.run(
            [PREFECT, *command],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path: str, body: dict[str, Any] | None = None, max_attempts: int = 6) -> Any:
        """Call the server; repeat while its SQLite is locked (503), as Prefect's client does."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.api}/{path}", data=data, headers={"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as trouble:
            if trouble.code != 503 or max_attempts == 1:
                raise
        time.sleep(1.5)
        return self.ask(path, body, max_attempts - 1)

    def begin(self, deployment: dict[str, Any], **parameters: Any) -> str:
        """Schedule a run of a deployment for now; gives its id."""
        made = self.ask(
            f"deployments/{deployment['id']}/create_flow_run",
            {
                "parameters": parameters,
                "idempotency_key": str(uuid4()),
                "state": {
                    "type": "SCHEDULED",
                    "state_details": {"scheduled_time": datetime.now(UTC).isoformat()},
                },
            },
        )
        return str(made["id"])

    def end_of(self, run: str, seconds: float = 240) -> dict[str, Any]:
        """The run's last state, once it has ended."""

        def last_state() -> dict[str, Any] | None:
            reported = self.ask(f"flow_runs/{run}")
            return reported["state"] if reported["state_type"] in ENDED else None

        return wait_for(last_state, seconds, f"end of run {run}")

    def runs_of(self, deployment: dict[str, Any]) -> list[dict[str, Any]]:
        """Runs that a person or an automation started, not the schedule."""
        result = self.ask(
            "flow_runs/filter", {"flow_runs": {"deployment_id": {"any_": [deployment["id"]]}}}
        )
        return [r for r in result if not r["auto_scheduled"]]

    def logs(self) -> str:
        return "\n".join(
            f"{p.name}: {p.read_text()[-3000:]}" for p in sorted(self.folder.glob("*.log"))
        )

    def close(self) -> None:
        for process in reversed(self._processes):
            kill_all(process)


@pytest.fixture
def few(small_bench: Bench) -> Bench:
    return replace(
        small_bench,
        accounts=tuple(
            a for a in small_bench.accounts if a["connector"] in {"zendesk", "surveymonkey"}
        ),
    )


@pytest.fixture
def home(few: Bench, tmp_path: Path) -> Path:
    """A user's folder, as `support-etl init` writes it, with settings of this test."""
    folder = tmp_path / "home"
    init(folder, time_zone="Europe/Berlin", currency="EUR")
    lines = [
        f"[warehouse]\nurl = {json.dumps(few.url)}",
        f"[landing]\nurl = {json.dumps(str(tmp_path / 'landing'))}",
        f"[reports]\nfolder = {json.dumps(str(tmp_path / 'reports'))}",
        '[business]\ntime_zone = "Europe/Berlin"\ncurrency = "EUR"',
        '[planning]\nmodels = "floor"\ninterval_days = 1\nhorizon_days = 7',
    ]
    lines += [
        "[[accounts]]\n" + "\n".join(f"{k} = {_toml(v)}" for k, v in account.items())
        for account in few.accounts
    ]
    (folder / "support_etl.toml").write_text("\n\n".join(lines) + "\n")
    return folder


def _toml(value: object) -> str:
    if isinstance(value, datetime):
        return json.dumps(value.isoformat())
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


@pytest.fixture
def prefect(home: Path, tmp_path: Path) -> Iterator[Prefect]:
    """The server, set up as the guide for deployments describes."""
    made = Prefect(tmp_path, home)
    try:
        made.start("server", "start", "--port", str(made.port))
        wait_for(lambda: made.ask("health"), 120, "the server answers")
        made.call("work-pool", "create", "support-etl", "--type", "process")
        made.call("--no-prompt", "deploy", "--all")
        made.call("automation", "create", "--from-file", "automations.yaml")
        yield made
    finally:
        made.close()


def test_two_workers_run_the_shipped_deployments_and_one_of_them_dies(
    prefect: Prefect, few: Bench, small_sandbox: Sandbox, tmp_path: Path
):
    deployments = {d["name"]: d for d in prefect.ask("deployments/filter", {})}
    look_at(prefect, deployments)
    as_of = midnight(TODAY).isoformat()
    fake = small_sandbox.fakes["zendesk"]
    fake.faults = [InjectedFault("slow", "/incremental/ticket_events", wait=600)]
    worker = prefect.start("worker", "start", "--pool", "support-etl", "--name", "one")
    doomed = prefect.begin(deployments["daily"], as_of=as_of)
    wait_for(
        lambda: any("ticket_events" in asked.path for asked in fake.asked),
        120,
        "the run is at work" + prefect.logs(),
    )
    prefect.start("worker", "start", "--pool", "support-etl", "--name", "two")
    overlapping = [prefect.begin(deployments[name], as_of=as_of) for name in ("daily", "hourly")]
    ends = [prefect.end_of(run) for run in overlapping]
    assert [e["type"] for e in ends] == ["CANCELLED", "CANCELLED"], ends
    assert "another run is at work" in ends[1]["message"]
    kill_all(worker)
    fake.faults = []
    assert prefect.ask(f"flow_runs/{doomed}")["state_type"] == "RUNNING", "not noticed yet"
    repaired = prefect.begin(deployments["hourly"], as_of=as_of)
    assert prefect.end_of(repaired)["type"] == "COMPLETED", prefect.logs()
    equals_a_clean_run(few, tmp_path)
    look_at_what_is_shown(prefect, repaired)
    watched = prefect.begin(deployments["watch"], max_age_hours=1e6)
    assert "complete up to 2026-11-01 00:00 UTC" in prefect.end_of(watched)["message"]
    late = prefect.begin(deployments["watch"])
    assert prefect.end_of(late)["type"] == "FAILED", "the numbers are old"
    stored = b"".join(p.read_bytes() for p in (tmp_path / "prefect").rglob("*") if p.is_file())
    assert b"zendesk-demo-token" not in stored, "a secret in Prefect's own files"


def look_at(prefect: Prefect, deployments: dict[str, dict[str, Any]]) -> None:
    """The server holds what the files declare.

    Descriptions, schedules, parameters that it checks, pools of containers.
    """
    assert set(deployments) == {"daily", "hourly", "backfill", "weekly-reconciliation", "watch"}
    for deployment in deployments.values():
        assert deployment["description"]
        described = deployment["parameter_openapi_schema"]["properties"]
        assert all(p.get("description") for p in described.values()), deployment["name"]
    assert (
        deployments["backfill"]["parameter_openapi_schema"]["properties"]["start"]["format"]
        == "date-time"
    )
    with pytest.raises(urllib.error.HTTPError, match="409"):
        prefect.begin(deployments["backfill"], start="2026-01-01", end="2026-02-01", chunk_days=0)
    scheduled = wait_for(
        lambda: prefect.ask(
            "flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        ),
        60,
        "cron schedules create runs",
    )
    assert {r["deployment_id"] for r in scheduled} <= {
        deployments[n]["id"] for n in ("daily", "hourly", "weekly-reconciliation", "watch")
    }
    assert len(prefect.ask("automations/filter", {})) == 2
    for kind in ("docker", "kubernetes"):
        prefect.call(
            "work-pool",
            "create",
            f"in-{kind}",
            "--type",
            kind,
            "--base-job-template",
            str(DEPLOYMENTS / "containers" / f"{kind}.json"),
        )


def look_at_what_is_shown(prefect: Prefect, run: str) -> None:
    tasks = {
        t["name"] for t in prefect.ask("task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    }
    assert any(t.startswith("ingest zendesk_acme/tickets") for t in tasks)
    assert any(t.startswith("build marts.kpi_daily") for t in tasks)
    artifacts = {a["key"]: a for a in prefect.ask("artifacts/filter", {})}
    assert {"kpis", "validation", "report", "spreadsheet", "data-docs", "tables"} <= set(artifacts)
    assert "Tickets created" in artifacts["kpis"]["data"]
    assert "file://" in artifacts["report"]["data"]
    logs = prefect.ask("logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}})
    ours = [log["message"] for log in logs if log["name"] == "support_etl"]
    assert "building tables" in ours, "the lines of the job are in the log of its run"
    assert len(ours) == len(set(ours)), "each of them once"
    assert prefect.ask(f"flow_runs/{run}")["name"] == "hourly 2026-11-01 00:00"


def equals_a_clean_run(few: Bench, tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    clean = replace(
        few, folder=tmp_path / "clean", url=f"duckdb:///{tmp_path / 'clean' / 'warehouse.duckdb'}"
    )
    assert clean.run(midnight(TODAY)).state == "completed"
    assert differences(clean.tables(), few.tables()) == {}
    assert few.fetch("select count(*) > 20 from marts.kpi_daily") == [(True,)]


SIGN_IN = """
import sys
from prefect.blocks.system import Secret
from flows.orchestration import prefect_secret
from tasks.extract import open_client
from tasks.settings import AccountSettings

NAME = "support-etl-acme-refresh-token"
if sys.argv[2:]:
    Secret(value=sys.argv[2]).save(NAME)
account = AccountSettings(connector="typeform", name="acme", base_url=sys.argv[1])
client = open_client(account, prefect_secret)
client.check()
client.close()
print(Secret.load(NAME).get())
"""


def test_a_rotated_refresh_token_is_written_back_to_its_block(tmp_path: Path):
    """The next process signs in with what this one wrote; no file is left."""
    fake = Typeform(World(seed=3, first=FIRST, last=TODAY, daily=0.2))
    prefect = Prefect(tmp_path, tmp_path)
    prefect.environment |= {
        "SUPPORT_ETL_TOKENS": str(tmp_path / "tokens"),
        "SUPPORT_ETL_SECRET_ACME_CLIENT_ID": fake.token_desk.client[0],
        "SUPPORT_ETL_SECRET_ACME_CLIENT_SECRET": fake.token_desk.client[1],
    }
    program = tmp_path / "sign_in.py"
    program.write_text(SIGN_IN)
    try:
        prefect.start("server", "start", "--port", str(prefect.port))
        wait_for(lambda: prefect.ask("health"), 180, "Prefect's server answers")
        with Served(fake) as served:
            for run, given in enumerate(([fake.token_desk.refresh_token], []), start=1):
                done = subprocess.run(
                    [sys.executable, str(program), served.url, *given],
                    env=prefect.environment,
                    capture_output=True,
                    text=True,
                    timeout=300,
                    check=False,
                )
                assert done.returncode == 0, done.stderr[-2000:]
                assert done.stdout.split()[-1] == f"typeform-refresh-{run}"
                assert fake.token_desk.refresh_token not in done.stderr
                fake.token_desk.tokens.clear()
    finally:
        prefect.close()
    assert not list((tmp_path / "tokens").glob("*.json"))
