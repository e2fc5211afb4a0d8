"""Maintenance by a data engineer: migrate, inspect, tidy, dismiss."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from conftest import Bench, written
from monitors import LineageServer, check_events, metric_values
from tests_support import TODAY, differences, midnight

from flows.pipeline.context import open_warehouse
from flows.pipeline.quarantine import dismiss, quarantined
from flows.pipeline.state import reset, stream_states
from flows.pipeline.upkeep import metrics, migrate, prepare_warehouse, status, tidy
from tasks.errors import ConfigurationError, RunAtWorkError
from tasks.monitoring.prometheus import serving
from tasks.sandbox.fake import InjectedFault, Served
from tasks.watch import judge

HUSH = lambda text: None  # noqa: E731


@pytest.fixture
def small(small_bench: Bench) -> Bench:
    return replace(
        small_bench,
        accounts=tuple(
            a for a in small_bench.accounts if a["connector"] in {"zendesk", "surveymonkey"}
        ),
    )


def test_a_warehouse_moves_from_duckdb_to_postgresql_and_goes_on_there(small: Bench, postgres):
    assert small.run(midnight(TODAY)).state == "completed"
    runlog = "select account, stream, value from ops.bookmark order by 1, 2"
    url = postgres()
    rows = migrate(small.settings(), url, HUSH)
    moved = replace(small, url=url)
    assert rows > 10_000
    assert differences(small.tables(), moved.tables()) == {}
    assert small.fetch(runlog) == moved.fetch(runlog)
    again = moved.run(midnight(TODAY))
    assert (again.state, again.changed_rows) == ("completed", 0)
    with pytest.raises(ConfigurationError, match="migrate into an empty warehouse"):
        migrate(small.settings(), url, HUSH)
    with pytest.raises(ConfigurationError, match="the warehouse itself"):
        migrate(small.settings(), small.url, HUSH)
    back = replace(small, url=f"duckdb:///{small.folder}/back.duckdb")
    assert migrate(moved.settings(), back.url, HUSH) > rows  # the run log has another run
    assert differences(small.tables(), back.tables()) == {}


def test_status_shows_what_needs_attention(
    small: Bench, small_sandbox, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
):
    assert (
        "call `support-etl run`"
        in dict(status(small.settings(), max_age_hours=26).lines).popitem()[1]
    )
    assert not list(small.folder.glob("*.duckdb*")), "looking makes no warehouse"
    prepare_warehouse(small.settings())
    assert status(small.settings(), max_age_hours=26).lines == (
        ("last run", "none yet; call `support-etl run`"),
    )
    small_sandbox.fakes["surveymonkey"].faults = [InjectedFault("unauthorized", "", times=999)]
    server = stack.enter_context(Served(LineageServer("lineage-demo-key")))
    monkeypatch.setenv("SUPPORT_ETL_SECRET_LINEAGE_API_KEY", "lineage-demo-key")
    small = replace(small, extra={"monitoring": monitoring_of(small, server.url)})
    small.run(midnight(TODAY))
    result = status(small.settings(), max_age_hours=10**6)
    assert not result.is_ok
    lines = dict(result.lines)
    assert "partly" in lines["last run"]
    assert "CredentialsError" in lines["last run"]
    assert lines["marts complete up to"] == "never yet"
    small_sandbox.fakes["surveymonkey"].faults = []
    small.run(midnight(TODAY))
    assert status(small.settings(), max_age_hours=10**6).is_ok
    assert not status(small.settings(), max_age_hours=0.001).is_ok
    other_tools_see_both_runs(small, server.fake)
    streams_can_be_read_again(small)


def monitoring_of(small: Bench, url: str) -> dict[str, str]:
    return {
        "metrics_file": str(small.folder / "node" / "support_etl.prom"),
        "lineage_file": str(small.folder / "lineage.jsonl"),
        "lineage_url": f"{url}/api/v1/lineage",
    }


def other_tools_see_both_runs(small: Bench, server: LineageServer) -> None:
    """OpenLineage events in the file and at the address; metrics in the file and on demand."""
    lines = (small.folder / "lineage.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == server.events
    jobs = check_events(server.events)
    assert [event["eventType"] for event in jobs["daily"]] == ["START", "FAIL", "START", "COMPLETE"]
    assert "CredentialsError" in jobs["daily"][1]["run"]["facets"]["errorMessage"]["message"]
    built = jobs["marts.kpi_daily"][1]
    assert built["run"]["facets"]["parent"]["job"]["name"] == "daily"
    (output,) = built["outputs"]
    assert output["name"] == "marts.kpi_daily"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] > 0
    assert output["facets"]["schema"]["fields"][0]["description"]
    assert {"core.dim_kpi"} <= {one["name"] for one in built["inputs"]}
    read = jobs["daily zendesk_acme/tickets"][1]
    assert read["inputs"] == [{"namespace": "zendesk://zendesk_acme", "name": "tickets"}]
    assert "source.ticket" in {one["name"] for one in read["outputs"]}
    file = small.folder / "node" / "support_etl.prom"
    assert [one.name for one in file.parent.iterdir()] == [file.name], "renamed as a whole"
    values = metric_values(file.read_text())
    ((records,),) = small.fetch(
        "select max(records_count) from ops.batch where account = 'zendesk_acme'"
        " and stream = 'tickets' and loaded_at = (select max(loaded_at) from ops.batch"
        " where account = 'zendesk_acme' and stream = 'tickets')"
    )
    stream = ("zendesk_acme", "tickets")
    assert values["support_etl_stream_last_records", *stream] == records
    assert values["support_etl_stream_duration_seconds", *stream] > 0
    assert values["support_etl_last_run_success", "daily"] == 1
    until = midnight(TODAY).timestamp()
    assert values["support_etl_complete_until_timestamp_seconds", "marts"] == until
    with serving(0, lambda: metrics(small.settings()), "127.0.0.1") as port:
        answer = urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    served = metric_values(answer)
    assert served == {k: v for k, v in values.items() if "stream_duration" not in k[0]}


def streams_can_be_read_again(small: Bench) -> None:
    """State is listed by stream, moves back to an instant, and no run may be at work then."""
    settings = small.settings()
    before = {(one.account, one.stream): one for one in stream_states(settings, ())}
    assert before["zendesk_acme", "tickets"].cursor
    assert before["zendesk_acme", "tickets"].next_read == "from its cursor"
    assert before["zendesk_acme", "ticket_events"].until == midnight(TODAY)
    week_ago = midnight(TODAY) - timedelta(days=7)
    with pytest.raises(ConfigurationError, match="keeps up by vendor cursor"):
        reset(settings, "zendesk_acme", "tickets", to=week_ago, dry_run=False)
    with open_warehouse(settings) as warehouse, warehouse.held(), pytest.raises(RunAtWorkError):
        reset(settings, "zendesk_acme", "tickets", to=None, dry_run=False)
    reset(settings, "zendesk_acme", "tickets", to=None, dry_run=False)
    (after,) = (one for one in stream_states(settings, ()) if one.stream == "tickets")
    assert (after.until, after.cursor) == (None, "")
    assert after.next_read.startswith("from 2026-")
    again = small.read(midnight(TODAY))
    assert (again.state, again.changed_rows) == ("completed", 0), "the same rows, read again"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ('{"until": "2999-01-01T00:00:00Z"}', "is in the future (2999-01-01T00:00:00+00:00)"),
        ('{"until": null, "partitions": {"1": ["2999-01-01T00:00:00Z", "5"]}}', "in the future"),
        ('{"until": "soon"}', "cannot be read"),
        ('{"until": 7}', "cannot be read"),
        ("{broken", "cannot be read"),
        ("[]", "cannot be read"),
    ],
)
def test_a_bookmark_that_cannot_be_used_ends_its_stream_by_name(
    small: Bench, value: str, fault: str
):
    """From 2999 a run was completed while days were missing; an unreadable one named nothing."""
    assert small.read(midnight(TODAY)).state == "completed"
    with written(small.url) as session:
        session.execute(
            "update ops.bookmark set value = :value where stream = 'ticket_events'",
            {"value": value},
        )
    outcome = small.read(midnight(TODAY))
    (broken,) = outcome.failures
    assert broken.name == "zendesk_acme/ticket_events"
    assert broken.message.startswith("BookmarkError: the bookmark of zendesk_acme/ticket_events")
    assert fault in broken.message
    assert "support-etl state reset zendesk_acme ticket_events" in broken.message
    result = status(small.settings(), max_age_hours=10**6)
    assert fault in dict(result.lines)["bookmark zendesk_acme/ticket_events"]
    assert not result.is_ok
    before = small.fetch("select * from ops.bookmark order by all")
    ask = (small.settings(), "zendesk_acme", "ticket_events")
    assert reset(*ask, to=None, dry_run=True) == {"before": value, "after": "none"}
    assert small.fetch("select * from ops.bookmark order by all") == before
    reset(*ask, to=None, dry_run=False)
    assert small.read(midnight(TODAY)).state == "completed"


def test_tidy_removes_what_is_old_and_nothing_that_is_needed(small: Bench):
    small.run(midnight(TODAY), report=True)
    before = small.tables("source")
    kept = {"retention": {"landing_days": 1, "reports_days": 1, "books_days": 1}}
    assert tidy(small.settings(**kept), dry_run=False, progress=HUSH) == {
        "landed batches": 0,
        "reports": 0,
    }
    old = small.folder / "reports" / "20200101-000000-abcdef"
    old.mkdir()
    abandoned = (
        small.folder / "landing" / "zendesk" / "zendesk_acme" / "tickets" / "2020-01-01" / "x"
    )
    abandoned.mkdir(parents=True)
    (abandoned / "000001.jsonl.zst").write_bytes(b"cut")
    long_ago = time.time() - 10 * 86400
    os.utime(abandoned / "000001.jsonl.zst", (long_ago, long_ago))
    for manifest in (small.folder / "landing" / "zendesk").rglob("manifest.json"):
        manifest.write_text(
            json.dumps(
                {
                    **json.loads(manifest.read_text()),
                    "completed_at": (datetime.now(UTC) - timedelta(days=5)).isoformat(),
                }
            )
        )
    would = tidy(small.settings(**kept), dry_run=True, progress=HUSH)
    assert old.exists()
    assert abandoned.exists()
    removed = tidy(small.settings(**kept), dry_run=False, progress=HUSH)
    assert removed == would
    assert removed["landed batches"] > 5
    assert removed["reports"] == 1
    assert not old.exists()
    assert not abandoned.exists()
    assert list((small.folder / "landing" / "surveymonkey").rglob("manifest.json"))
    again = small.run(midnight(TODAY))
    assert (again.state, again.changed_rows) == ("completed", 0)
    assert differences(before, small.tables("source")) == {}


def test_a_rejected_row_can_be_dismissed(small: Bench, small_sandbox):
    def spoil(body: bytes) -> bytes:
        result = json.loads(body)
        next(t for t in result["tickets"] if t["status"] != "deleted")["created_at"] = "never"
        return json.dumps(result).encode()

    small_sandbox.fakes["zendesk"].faults = [
        InjectedFault("edit", "/incremental/tickets/", edit=spoil)
    ]
    small.read(midnight(TODAY))
    (row,) = quarantined(small.settings())
    dismiss(small.settings(), row.batch_id, row.row_number)
    assert quarantined(small.settings()) == []
    with pytest.raises(ConfigurationError, match="no open row"):
        dismiss(small.settings(), row.batch_id, row.row_number)


def days(*counts: int) -> dict:
    """Counts of the days up to yesterday."""
    last = TODAY - timedelta(days=1)
    return {last - timedelta(days=len(counts) - 1 - i): c for i, c in enumerate(counts) if c}


@pytest.mark.parametrize(
    ("counts", "kinds"),
    [
        ((40, 41, 39, 42, 38, 12, 9) * 9, []),
        ((*(40, 41, 39, 42, 38, 12, 9) * 8, 40, 41, 0, 0, 0, 0, 0), ["quiet"]),
        ((*(40, 41, 39, 42, 38, 0, 0) * 9,), []),
        ((*(40, 41, 39, 42, 38, 12, 9) * 8, 40, 41, 39, 42, 38, 12, 90), ["volume"]),
        ((*(400, 410, 390, 420, 380, 120, 90) * 8, 400, 410, 390, 420, 380, 120, 1), ["volume"]),
        ((0, 0, 1, 0, 0, 0, 0) * 9, []),
        ((), []),
    ],
)
def test_quiet_sources_and_odd_days_raise_an_alert_and_ordinary_ones_none(counts, kinds):
    assert [kind for _, kind, _ in judge("a/ticket", days(*counts), midnight(TODAY))] == kinds


def test_a_stream_that_is_not_read_for_long_raises_an_alert(small: Bench, small_sandbox):
    small.run(midnight(TODAY))
    later = datetime.now(UTC) + timedelta(days=3)
    small_sandbox.fakes["surveymonkey"].faults = [InjectedFault("unauthorized", "", times=999)]
    outcome = small.run(later)
    behind = [(subject, words) for subject, kind, words in outcome.alerts if kind == "behind"]
    assert any(
        subject == "surveymonkey_acme/responses" and "not read since" in words
        for subject, words in behind
    )
    assert small.fetch("select count(*) > 0 from ops.alert where is_open and kind = 'behind'") == [
        (True,)
    ]


def test_the_commands_print_what_they_did(small: Bench, tmp_path: Path):
    (tmp_path / "support_etl.toml").write_text(f'[warehouse]\nurl = "{small.url}"\n')
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}

    def call(*given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from flows.cli import main; main()", *given],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "schema version" in call("prepare").stdout
    done = call("status", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["is_ok"] is False
    assert json.loads(call("tidy", "--dry-run", "--json").stdout) == {
        "landed batches": 0,
        "reports": 0,
    }
    done = call("erase", "--account", "nobody", "--customer", "1")
    assert done.returncode == 2
    assert "no account nobody" in done.stderr
