"""Secrets and personal data leave no trace in what a real Prefect run writes.

Each of them is a distinct string, searched for value by value in the run's output, Prefect's home
with its database, reports, spreadsheets, Data Docs, the warehouse and the readers' copy. The
landing zone is searched for secrets only: it holds what vendors sent, personal data included.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from scene import forms
from tests_support import TODAY, midnight

from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import InjectedFault

if TYPE_CHECKING:
    from tasks.sandbox.story import Person

ROOT = Path(__file__).resolve().parents[2]
VENDORS = {"zendesk", "surveymonkey", "salesforce", "servicenow"}
BODY, SUBJECT, COMMENT = "canary body of a message", "canary subject line", "canary comment"


def secrets(sandbox: Sandbox) -> dict[str, str]:
    return {
        name: value
        for name, value in sandbox.secrets.items()
        if any(v.upper() in name for v in VENDORS) and not name.endswith("CLIENT_ID")
    }


@pytest.fixture
def folder(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A user's folder after a run with one bad row and one vendor that echoed its credentials."""
    token = secrets(sandbox)["SUPPORT_ETL_SECRET_SURVEYMONKEY_ACME_ACCESS_TOKEN"]
    echo = json.dumps({"error": {"message": f"bad token {token}"}}).encode()
    sandbox.fakes["surveymonkey"].faults = [
        InjectedFault("status", "", times=1000, status=400, body=echo)
    ]
    sandbox.fakes["zendesk"].faults = [InjectedFault("edit", "/incremental/tickets/", edit=spoil)]
    home = tmp_path / "home"
    home.mkdir()
    lines = [
        '[warehouse]\nurl = "duckdb:///warehouse.duckdb"\npublished = "readers/support.duckdb"',
        '[business]\ntime_zone = "Europe/Berlin"',
        '[planning]\nmodels = "floor"\ninterval_days = 1\nhorizon_days = 7',
    ]
    for account in sandbox.accounts:
        if account["connector"] in VENDORS:
            known = {k: v for k, v in account.items() if isinstance(v, (str, int, list))}
            lines.append(
                "[[accounts]]\n"
                + "\n".join(
                    f"{k} = {json.dumps(v, default=str).replace('null', '0')}"
                    for k, v in known.items()
                    if k != "scores"
                )
                + f'\nstart = "{account["start"].isoformat()}"'
            )
    (home / "support_etl.toml").write_text("\n\n".join(lines))
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("SUPPORT_ETL_SECRET")},
        **secrets(sandbox),
        **{k: v for k, v in sandbox.secrets.items() if k.endswith("CLIENT_ID")},
        "PYTHONPATH": str(ROOT),
        "PREFECT_HOME": str(home / ".prefect"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "support_etl",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from flows.cli import main; main()",
            "run",
            "--as-of",
            midnight(TODAY).isoformat(),
        ],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 3, done.stdout[-2000:] + done.stderr[-2000:]
    (home / "output.log").write_text(done.stdout + done.stderr)
    return home


def spoil(body: bytes) -> bytes:
    result = json.loads(body)
    result["tickets"][0] |= {"created_at": "not a time", "subject": SUBJECT, "description": BODY}
    return json.dumps(result).encode()


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of everything, spreadsheets unzipped, databases value by value."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "landing" not in path.relative_to(folder).parts:
            name = str(path.relative_to(folder))
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as book:
                    yield from ((f"{name}:{part}", book.read(part)) for part in book.namelist())
            elif path.suffix == ".duckdb":
                yield from values(path)
            else:
                yield name, path.read_bytes()


def values(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        for schema, table in connection.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall():
            yield (
                f"{path.name}:{schema}.{table}",
                repr(connection.execute(f'select * from {schema}."{table}"').fetchall()).encode(),
            )


def landed(folder: Path) -> Iterator[tuple[str, bytes]]:
    import pyarrow as pa

    for path in folder.rglob("*.zst"):
        packed = path.read_bytes()
        yield (
            path.name,
            pa.decompress(
                packed[:-8],
                decompressed_size=int.from_bytes(packed[-8:], "little"),
                codec="zstd",
                asbytes=True,
            ),
        )


def test_no_secret_and_no_personal_datum_is_anywhere(folder: Path, sandbox: Sandbox):
    everything = list(written(folder))
    names = {name.split(":")[0] for name, _ in everything}
    assert any(name.startswith(".prefect/prefect.db") for name in names)
    assert any(name.endswith("report.html") for name in names)
    assert any(name.endswith("tables.xlsx") for name in names)
    assert {"warehouse.duckdb", "support.duckdb"} <= names
    assert any(b"zendesk_acme" in content for _, content in everything), (
        "the search finds a value that is there"
    )
    assert not [path for path in (folder / ".prefect" / "storage").rglob("*") if path.is_file()]
    hidden = [form for value in secrets(sandbox).values() for form in forms(value)]
    assert [
        (name, form)
        for name, content in [*everything, *landed(folder)]
        for form in hidden
        if form in content
    ] == []
    people: tuple[Person, ...] = sandbox.fakes["zendesk"].world.people
    personal = [
        SUBJECT,
        BODY,
        COMMENT,
        *(p.email for p in people[:300]),
        *(p.name for p in people[:300]),
    ]
    assert any(people[0].email.encode() in content for _, content in landed(folder)), (
        "the landing zone has it, so the search below can fail"
    )
    agents = {a.name for a in sandbox.fakes["zendesk"].world.agents}
    result = [
        (name, datum)
        for name, content in everything
        for datum in personal
        if datum not in agents and datum.encode() in content
    ]
    assert result == []


def test_a_run_that_cannot_begin_leaves_no_secret_of_an_address_and_no_pickle(tmp_path: Path):
    """Prefect stores an error that leaves a flow whole, as a pickle."""
    given = {
        "SUPPORT_ETL_WAREHOUSE__URL": "postgresql://etl:canary-pass-1@127.0.0.1:1/x",
        "SUPPORT_ETL_LANDING__URL": "s3://AKIACANARY0000001:canary-key-2@bucket/x",
        "SUPPORT_ETL_SECRET_ZENDESK_API_TOKEN": "canary-token-3",
    }
    (tmp_path / "support_etl.toml").write_text(
        '[[accounts]]\nconnector = "zendesk"\nname = "zendesk"\nsubdomain = "acme"\n'
    )
    environment = {**os.environ, **given, "PYTHONPATH": str(ROOT), "PREFECT_LOGGING_LEVEL": "DEBUG"}
    command = [sys.executable, "-c", "from flows.cli import main; main()"]
    said = ""
    for arguments, code in ((["run"], 5), (["doctor"], 2)):
        done = subprocess.run(
            [*command, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        said += done.stdout + done.stderr
    home = tmp_path / ".support_etl"
    stored = [path for path in (home / "storage").rglob("*") if path.is_file()]
    assert stored == []
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in ("canary-pass-1", "canary-key-2", "canary-token-3", "AKIACANARY"):
        assert secret not in said
        assert secret.encode() not in kept
