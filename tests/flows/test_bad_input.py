"""Bad input ends in a clear error, and nothing is lost: the table of the guide, row by row."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Bench, begin_prepared
from tests_support import TODAY, midnight

from flows.pipeline.doctor import examine
from flows.pipeline.reconcile import run_reconciliation
from flows.pipeline.run import run_backfill, run_daily, run_replay
from flows.pipeline.runner import ThreadRunner
from tasks.clock import Window, now
from tasks.errors import ConfigurationError, RunAtWorkError, StorageError
from tasks.landing.store import Landing, Source
from tasks.sandbox.fake import InjectedFault
from tasks.settings import load
from tasks.warehouse.engine import Warehouse


@pytest.fixture
def zendesk(bench: Bench) -> Bench:
    bench.accounts = tuple(a for a in bench.accounts if a["connector"] == "zendesk")
    return bench


def one(outcome, stream: str):
    return next(r for r in outcome.streams if r.stream == stream)


def test_wrong_credentials_fail_the_account_and_no_other(bench: Bench, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_HUBSPOT_ACME_ACCESS_TOKEN", "wrong-token-value")
    outcome = bench.run(midnight(TODAY), report=True)
    assert outcome.state == "partly"
    assert {r.account for r in outcome.failures} == {"hubspot_acme"}
    assert all("CredentialsError" in r.message for r in outcome.failures)
    assert "hubspot_acme" in outcome.message
    assert "wrong-token-value" not in json.dumps([r.message for r in outcome.streams])
    assert bench.fetch(
        "select count(*) > 0 from core.fct_ticket where account = 'zendesk_acme'"
    ) == [(True,)]
    assert bench.fetch("select state from ops.run") == [("partly",)]
    assert "hubspot_acme" in outcome.published.page.read_text()


def test_a_missing_secret_is_named(bench: Bench, monkeypatch):
    monkeypatch.delenv("SUPPORT_ETL_SECRET_HUBSPOT_ACME_ACCESS_TOKEN")
    failure = bench.read(midnight(TODAY)).failures[0]
    assert "SUPPORT_ETL_SECRET_HUBSPOT_ACME_ACCESS_TOKEN" in failure.message


def test_an_unreachable_host_is_named(zendesk: Bench):
    zendesk.accounts = ({**zendesk.accounts[0], "base_url": "http://127.0.0.1:9"},)
    outcome = zendesk.read(midnight(TODAY))
    assert all(
        "UnreachableError" in r.message and "connection refused" in r.message
        for r in outcome.streams
    )


def test_a_row_without_a_required_field_is_rejected_and_replayed(zendesk: Bench, sandbox):
    def without_status(body: bytes) -> bytes:
        result = json.loads(body)
        result["tickets"][0]["status"] = None
        return json.dumps(result).encode()

    fake = sandbox.fakes["zendesk"]
    fake.faults = [InjectedFault("edit", "/incremental/tickets/", edit=without_status)]
    outcome = zendesk.read(midnight(TODAY))
    assert outcome.state == "completed"
    assert one(outcome, "tickets").quarantined == 1
    rows = zendesk.fetch(
        "select entity, rule, reason, page_number, record_number, state from ops.quarantine"
    )
    assert rows == [
        ("ticket", "column_values_to_not_be_null(status)", "status is missing", 1, 0, "open")
    ]
    from flows.pipeline.quarantine import quarantined, quarantined_record

    row = quarantined(zendesk.settings())[0]
    shown = quarantined_record(zendesk.settings(), row.batch_id, row.row_number)
    assert str(shown["raw"]["id"]) == row.record_key


def test_a_record_of_the_wrong_type_is_rejected_and_its_page_is_kept(zendesk: Bench, sandbox):
    def spoil(body: bytes) -> bytes:
        result = json.loads(body)
        result["tickets"][2]["via"] = "a text where an object belongs"
        return json.dumps(result).encode()

    sandbox.fakes["zendesk"].faults = [InjectedFault("edit", "/incremental/tickets/", edit=spoil)]
    outcome = zendesk.read(midnight(TODAY))
    assert one(outcome, "tickets").quarantined == 1
    assert zendesk.fetch("select count(*) from source.ticket") == [
        (
            one(outcome, "tickets").records
            - 1
            - zendesk.fetch("select count(*) from source.tombstone")[0][0],
        )
    ]


def test_an_impossible_time_is_rejected(zendesk: Bench, sandbox):
    def edit(body: bytes) -> bytes:
        result = json.loads(body)
        next(t for t in result["tickets"] if t["status"] != "deleted")["created_at"] = (
            "the day before"
        )
        return json.dumps(result).encode()

    sandbox.fakes["zendesk"].faults = [InjectedFault("edit", "/incremental/tickets/", edit=edit)]
    zendesk.read(midnight(TODAY))
    assert zendesk.fetch("select rule, reason from ops.quarantine") == [
        ("readable value", "created_at: not an instant: the day before")
    ]


def test_a_batch_that_is_mostly_bad_is_refused_whole(zendesk: Bench, sandbox):
    sandbox.fakes["zendesk"].faults = [
        InjectedFault(
            "edit",
            "/incremental/tickets/",
            times=100,
            edit=lambda body: re.sub(rb'"status":"[a-z]+"', b'"status":null', body),
        )
    ]
    outcome = zendesk.read(midnight(TODAY))
    assert "BatchRefusedError" in one(outcome, "tickets").message
    assert zendesk.fetch("select count(*) from source.ticket") == [(0,)]
    assert zendesk.fetch("select count(*) from ops.bookmark where stream = 'tickets'") == [(0,)]


def test_an_unknown_status_becomes_other_and_stops_nothing(zendesk: Bench, sandbox):
    sandbox.fakes["zendesk"].faults = [
        InjectedFault(
            "edit",
            "/incremental/tickets/",
            times=100,
            edit=lambda body: body.replace(b'"status":"open"', b'"status":"parked"'),
        )
    ]
    outcome = zendesk.run(midnight(TODAY))
    assert outcome.state == "completed"
    assert zendesk.fetch(
        "select category from staging.status_category where status_id = 'parked'"
    ) == [("other",)]


def test_new_and_vanished_fields_are_reported_by_name(zendesk: Bench, sandbox):
    zendesk.read(midnight(TODAY))
    sandbox.fakes["zendesk"].faults = [
        InjectedFault(
            "edit", "/groups", times=9, edit=lambda body: body.replace(b'"default":', b'"flavour":')
        )
    ]
    outcome = zendesk.read(midnight(TODAY))
    assert "field flavour is new" in one(outcome, "groups").warnings


def test_a_record_with_very_many_fields_is_held(zendesk: Bench, sandbox):
    """Each field became a row of ops.drift: a million took three minutes and 2 GB."""

    def many(body: bytes) -> bytes:
        result = json.loads(body)
        result["tickets"][0] |= {f"field_{number}": number for number in range(100_000)}
        return json.dumps(result).encode()

    sandbox.fakes["zendesk"].faults = [InjectedFault("edit", "/incremental/tickets/", edit=many)]
    began = time.process_time()
    tickets = one(zendesk.read(midnight(TODAY)), "tickets")
    assert tickets.state == "loaded"
    assert tickets.quarantined == 0
    assert re.fullmatch(
        r"the first records have 100,\d+ fields; new ones are not looked for", tickets.warnings[0]
    )
    assert zendesk.fetch("select count(*) from ops.drift where stream = 'tickets'") == [(0,)]
    assert time.process_time() - began < 30


def test_a_port_that_is_no_number_is_named():
    settings = load(warehouse={"url": "postgresql://u:pw@h:port/x"})
    (finding,) = [f for f in examine(settings) if f.subject == "warehouse"]
    assert not finding.is_ok
    assert finding.description == (
        "warehouse.url is not a database URL such as duckdb:///warehouse.duckdb"
    )


def test_a_full_disk_keeps_what_was_landed(bench: Bench, zendesk: Bench, monkeypatch):
    """A full disk: the system call's own refusal is raised after some pages.

    A real file system of 1 MiB would need root.
    """
    import errno

    real, written = os.replace, []

    def replace_until_full(source, target):
        written.append(target)
        if len(written) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr("tasks.landing.store.os.replace", replace_until_full)
    outcome = zendesk.read(midnight(TODAY))
    assert any("the disk is full; free space and run again" in r.message for r in outcome.failures)
    monkeypatch.undo()
    monkeypatch.setenv("SUPPORT_ETL_SECRET_ZENDESK_ACME_API_TOKEN", "zendesk-demo-token")
    assert zendesk.read(midnight(TODAY)).state == "completed"
    assert not list(Path(zendesk.folder / "landing").rglob("*.tmp"))


def test_an_unreachable_postgresql_is_named():
    with (
        pytest.raises(StorageError, match="cannot be opened"),
        Warehouse("postgresql://nobody@127.0.0.1:9/none").session(),
    ):
        pass


def test_a_warehouse_that_cannot_be_written_is_named(bench: Bench, tmp_path: Path):
    file = tmp_path / "not-a-folder"
    file.write_text("x")
    with pytest.raises(StorageError):
        replace(bench, url=f"duckdb:///{file}/warehouse.duckdb").read(midnight(TODAY))


def test_a_read_only_warehouse_is_named_and_keeps_what_it_has(bench: Bench, postgres):
    """The database itself refuses to write, as a replica or a database without disk space does."""
    import psycopg

    url = postgres()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"alter database {connection.info.dbname} set default_transaction_read_only = on"
        )
    with pytest.raises(StorageError, match="read-only"):
        replace(bench, url=url).read(midnight(TODAY))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.execute(
            f"alter database {connection.info.dbname} reset default_transaction_read_only"
        )
    assert (
        replace(bench, url=url, accounts=bench.accounts[-1:]).read(midnight(TODAY)).state
        == "completed"
    )


def test_fewer_records_than_the_vendor_reports_are_never_a_green_run(bench: Bench, sandbox):
    def without_one(body: bytes) -> bytes:
        result = json.loads(body)
        result["data"] = result["data"][1:]
        return json.dumps(result).encode()

    bench.accounts = tuple(a for a in bench.accounts if a["connector"] == "surveymonkey")
    sandbox.fakes["surveymonkey"].faults = [
        InjectedFault("edit", "/responses/bulk", edit=without_one)
    ]
    outcome = bench.read(midnight(TODAY))
    assert outcome.state == "partly"
    assert re.search(
        r"ContractError: .*the vendor tells of (\d+) records, \d+ came; nothing was loaded",
        outcome.message,
    )
    assert bench.fetch("select count(*) from source.survey_response") == [(0,)]
    assert bench.fetch("select count(*) from ops.bookmark where stream = 'responses'") == [(0,)]
    assert bench.read(midnight(TODAY)).state == "completed"
    assert bench.fetch("select count(*) > 0 from source.survey_response") == [(True,)]


def test_a_file_that_is_no_warehouse_is_named(bench: Bench, tmp_path: Path):
    (tmp_path / "other.duckdb").write_text(
        "this is not a database, it only looks like one to its owner"
    )
    with pytest.raises(StorageError, match="cannot be opened"):
        replace(bench, url=f"duckdb:///{tmp_path / 'other.duckdb'}").read(midnight(TODAY))


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_trouble_inside_the_warehouse_is_a_named_error(kind: str, bench: Bench, postgres):
    warehouse = Warehouse(bench.url if kind == "duckdb" else postgres())
    with pytest.raises(StorageError, match="nowhere"), warehouse.session() as session:
        session.execute("select * from nowhere")
    warehouse.dispose()


def test_a_warehouse_without_memory_fails_its_streams_and_reports_it(zendesk: Bench):
    zendesk.extra = {}
    try:
        reported = [
            r.message
            for r in zendesk.read(
                midnight(TODAY), warehouse={"url": zendesk.url, "memory_limit": "11MB"}
            ).failures
        ]
    except StorageError as trouble:  # where nothing at all fits in
        reported = [f"StorageError: {trouble}"]
    assert any("StorageError" in words and "emory" in words for words in reported)
    assert zendesk.read(midnight(TODAY)).state == "completed"


def test_a_landing_zone_that_is_a_file_is_refused(zendesk: Bench, tmp_path: Path):
    (tmp_path / "flat").write_text("x")
    window = Window(now(), now())
    with pytest.raises(StorageError, match="check the path"):
        Landing(str(tmp_path / "flat")).open_batch(Source("a", "b", "c"), window, {})


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_a_second_run_while_one_is_running_is_refused(kind: str, bench: Bench, postgres):
    url = bench.url if kind == "duckdb" else postgres()
    first = Warehouse(url)
    with first.held(), pytest.raises(RunAtWorkError, match="another run is at work"):
        replace(bench, url=url).read(midnight(TODAY))
    first.dispose()


def test_an_unknown_account_is_refused_before_the_run(zendesk: Bench):
    settings = zendesk.settings()
    runs = (
        lambda: run_daily(settings, ThreadRunner(), accounts=["zendesk_acme", "zendesk_acmee"]),
        lambda: run_backfill(
            settings,
            ThreadRunner(),
            midnight(TODAY) - timedelta(days=1),
            midnight(TODAY),
            accounts=["zendesk_acmee"],
        ),
        lambda: run_replay(settings, ThreadRunner(), accounts=["zendesk_acmee"]),
        lambda: run_reconciliation(settings, ThreadRunner(), accounts=["zendesk_acmee"]),
    )
    for call in runs:
        with pytest.raises(
            ConfigurationError, match="no account zendesk_acmee; there are zendesk_acme"
        ):
            call()
    assert not Path(zendesk.url.removeprefix("duckdb:///")).exists()


def test_only_a_run_that_asks_every_account_moves_the_watermark_of_the_marts(small_bench: Bench):
    def marks() -> dict:
        return dict(small_bench.fetch("select subject, until from ops.watermark"))

    begin_prepared(small_bench.url)
    some = replace(
        small_bench,
        accounts=tuple(
            a for a in small_bench.accounts if a["connector"] in {"surveymonkey", "servicenow"}
        ),
    )
    day = timedelta(days=1)
    run_daily(some.settings(), ThreadRunner(), as_of=midnight(TODAY) - 2 * day, with_report=False)
    everyone = {"surveymonkey_acme", "servicenow_acme", "marts"}
    assert marks() == dict.fromkeys(everyone, midnight(TODAY) - 2 * day)
    run_daily(
        some.settings(),
        ThreadRunner(),
        as_of=midnight(TODAY) - day,
        with_report=False,
        accounts=["surveymonkey_acme"],
    )
    assert marks() == {
        **dict.fromkeys(everyone, midnight(TODAY) - 2 * day),
        "surveymonkey_acme": midnight(TODAY) - day,
    }
    run_backfill(
        some.settings(),
        ThreadRunner(),
        midnight(TODAY) - 3 * day,
        midnight(TODAY) - 2 * day,
        with_report=False,
    )
    run_replay(some.settings(), ThreadRunner(1), with_report=False)
    assert marks() == {
        **dict.fromkeys(everyone, midnight(TODAY) - 2 * day),
        "surveymonkey_acme": midnight(TODAY) - day,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accounts = 3", "accounts"),
        ("[warehouse]\nurll = 'x'", "warehouse.urll"),
        ("[business]\ntime_zone = 'Mars/Olympus'", "IANA time zone"),
        ("[[accounts]]\nconnector = 'zendesk'\nname = 'Big Name'", "lower case letters"),
        (
            "[[accounts]]\nconnector='zendesk'\nname='a'\n[[accounts]]\nconnector='zendesk'\nname='a'",
            "two accounts are named a",
        ),
        ("this is no toml", "not valid TOML"),
    ],
)
def test_an_invalid_settings_file_is_explained(text: str, words: str, tmp_path: Path, monkeypatch):
    file = tmp_path / "support_etl.toml"
    file.write_text(text)
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(file))
    with pytest.raises(ConfigurationError, match=re.escape(words)) as raised:
        load()
    assert str(file) in str(raised.value)


def test_the_command_line_prints_one_line_and_an_exit_code(tmp_path: Path):
    (tmp_path / "support_etl.toml").write_text(
        "[warehouse]\nurl = 'mysql://x/y'\n[[accounts]]\nconnector='zendesk'\nname='a'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "quarantine", "list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        check=False,
    )
    assert done.returncode == 2
    assert "mysql is not supported" in done.stderr
    assert "Traceback" not in done.stderr
