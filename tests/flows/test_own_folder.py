"""From an empty folder to an own KPI, table, rule and vendor: written, checked, run."""

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from flows.cli import new
from flows.pipeline.check import check_own
from tasks.connectors import connector, names
from tasks.errors import ConfigurationError
from tasks.own import read_own
from tasks.settings import load
from tasks.sqlmodels.catalog import models

AT = "2026-10-30T09:00:00Z"


class Desk(BaseHTTPRequestHandler):
    """A vendor that nobody knows: one page of two tickets."""

    def do_GET(self) -> None:
        row = {"subject": "Hello", "channel": "email", "customer_id": 7, "team_id": 3}
        row |= {"created_at": AT, "updated_at": AT, "priority": "high"}
        tickets = [{**row, "id": 1, "status": "open"}, {**row, "id": 2, "status": "pending"}]
        body = json.dumps({"tickets": tickets, "pages": 1}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.fixture
def desk() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a settings file, and what `support-etl new` writes there."""
    (tmp_path / "support_etl.toml").write_text("")
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(tmp_path / "support_etl.toml"))
    read_own()
    new.kpi("urgent_tickets", tmp_path)
    new.model("busy_teams", tmp_path)
    new.connector("acme_desk", tmp_path)
    new.rule("ticket", tmp_path)
    yield tmp_path
    monkeypatch.undo()
    read_own()


def test_skeletons_are_right_and_mistakes_are_found(folder: Path):
    found = check_own(load())
    assert [finding.subject for finding in found if not finding.is_ok] == []
    assert "1 table, 1 KPI, 3 rules, 1 connector" in found[0].description
    assert len(found) == 9
    for name, before, after in (
        ("sql/marts/busy_teams.yml", "columns:", 'columns:\n  more: [text, "More"]'),
        ("tests/models/cases/kpi.urgent_tickets.example.yml", "numerator: 2", "numerator: 3"),
        ("tests/connectors/acme_desk/tickets.json", '"requester_id": "7"', '"requester_id": "8"'),
        ("expectations/ticket.yml", "not_be_null", "be_lovely"),
    ):
        path = folder / name
        path.write_text(path.read_text().replace(before, after))
    wrong = {f.subject: f.description for f in check_own(load()) if not f.is_ok}
    assert "no column more" in wrong["table marts.busy_teams"]
    assert (
        "no row day 2026-03-02, team_id t1, numerator 3" in wrong["case kpi.urgent_tickets.example"]
    )
    assert "requester_id is '7', expected '8'" in wrong["sample acme_desk/tickets"]
    assert "be_lovely" in wrong["rules ticket"]
    (folder / "connectors" / "acme_desk" / "__init__.py").write_text("connector = 1 +")
    (broken,) = [f for f in check_own(load()) if f.subject == "connector acme_desk"]
    assert "SyntaxError" in broken.description
    shutil.rmtree(folder / "connectors")
    (left,) = [f for f in check_own(load()) if f.subject == "sample acme_desk/tickets"]
    assert "delete the sample if the connector is gone" in left.description
    for command in (new.kpi, new.connector):
        with pytest.raises(ConfigurationError, match="is there already"):
            command("csat" if command is new.kpi else "zendesk", folder)


def test_a_run_with_an_own_vendor(folder: Path, desk: str, monkeypatch: pytest.MonkeyPatch):
    account = {"connector": "acme_desk", "name": "own", "base_url": desk, "start": "2026-10-01"}
    monkeypatch.setenv("SUPPORT_ETL_SECRET_OWN_API_TOKEN", "a-token")
    bench = Bench(folder, f"duckdb:///{folder / 'w.duckdb'}", (account,))
    outcome = bench.run(midnight(TODAY) - timedelta(hours=1), report=True)
    assert (outcome.state, outcome.message) == ("completed", "")
    statuses = "select status_category from staging.ticket order by ticket_id"
    assert bench.fetch(statuses) == [("open",), ("pending",)]
    of_kpi = "select sum(numerator) from marts.kpi_daily where kpi = 'urgent_tickets'"
    assert bench.fetch(of_kpi) == [(2.0,)]
    assert bench.fetch("select team_id, tickets_count from marts.busy_teams") == [("3", 2)]
    assert outcome.published is not None
    assert "Urgent tickets" in outcome.published.page.read_text()


def test_a_package_brings_a_vendor(folder: Path, tmp_path_factory, monkeypatch):
    """By its entry point, with what its values mean; one name in two places is refused."""
    site = tmp_path_factory.mktemp("site")
    package, info = site / "acme_support", site / "acme_support-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    declared = (folder / "connectors" / "acme_desk" / "__init__.py").read_text()
    (package / "__init__.py").write_text(
        declared.replace("tasks.connectors.acme_desk", "acme_support").replace(
            "acme_desk", "parcel"
        )
    )
    tickets = (folder / "connectors" / "acme_desk" / "tickets.py").read_text()
    (package / "tickets.py").write_text(tickets)
    (package / "value_map.csv").write_text("connector,kind,raw,unified\nparcel,status,lost,hold\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-support\nVersion: 1.0\n")
    points = info / "entry_points.txt"
    points.write_text("[support_etl.connectors]\nparcel = acme_support:connector\n")
    monkeypatch.syspath_prepend(str(site))
    assert read_own().connectors == ("acme_desk", "parcel")
    assert connector("parcel").title == "Acme desk"
    assert {"parcel", "acme_desk", "zendesk"} <= set(names())
    rows = models()["staging.value_map"].rows()
    assert [row["unified"] for row in rows if row["connector"] == "parcel"] == ["hold"]
    points.write_text("[support_etl.connectors]\nacme_desk = acme_support:connector\n")
    with pytest.raises(
        ConfigurationError, match=r"named acme_desk: /.*connectors/acme_desk and ac"
    ):
        read_own()
    points.write_text("[support_etl.connectors]\nzendesk = acme_support:connector\n")
    with pytest.raises(ConfigurationError, match=r"named zendesk: /.*/connectors/zendesk and acme"):
        read_own()
    sys.modules.pop("acme_support", None)


def test_without_a_settings_file_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder somebody happens to stand in must not run its code."""
    (tmp_path / "connectors" / "trap").mkdir(parents=True)
    (tmp_path / "connectors" / "trap" / "__init__.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPPORT_ETL_CONFIG", raising=False)
    read_own()
    assert "trap" not in names()
    with pytest.raises(ConfigurationError, match="not a checkout"):
        new.kpi("anything")
