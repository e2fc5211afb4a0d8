"""Extract-to-warehouse on Zendesk tickets of about 4 KB, against dlt and a floor, in one run.

python tests/benchmarks/extract_to_warehouse.py [--tickets 100000] [--without-dlt]

A separate process serves pages that were made once. Each contender runs in its own process, and the
operating system reports its CPU seconds and peak memory. `floor` is requests, the typed reader,
Arrow and a plain DuckDB insert; it keeps, checks and merges nothing. dlt (in its own environment,
installed on demand) loads one flat table from the same pages.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PER_PAGE = 200
ENV = HERE / ".bench-venv"


VIA = {
    "channel": "email",
    "source": {
        "from": {"address": "x@y.example", "name": "X Y"},
        "to": {"address": "help@acme.example"},
        "rel": None,
    },
}


def ticket(number: int, pick: random.Random) -> dict:
    words = " ".join(
        pick.choice(("order", "parcel", "jacket", "refund", "broken", "late", "please", "help"))
        for _ in range(220)
    )
    at = f"2026-{1 + number % 9:02d}-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z"
    return {
        "id": 1000 + number,
        "url": f"https://acme.zendesk.com/api/v2/tickets/{number}.json",
        "external_id": None,
        "created_at": at,
        "updated_at": at,
        "generated_timestamp": 1_770_000_000 + number,
        "subject": words[:60],
        "raw_subject": words[:60],
        "description": words,
        "type": "question",
        "priority": pick.choice(("low", "normal", "high", None)),
        "status": pick.choice(("open", "solved", "closed")),
        "custom_status_id": 5161,
        "recipient": None,
        "requester_id": 20_000_000 + number % 5000,
        "submitter_id": 20_000_000 + number % 5000,
        "assignee_id": 9_000_000 + number % 50,
        "organization_id": 30_000_000 + number % 300,
        "group_id": 100 + number % 8,
        "brand_id": 360002,
        "ticket_form_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": ["vip", "web", "alder"],
        "collaborator_ids": [],
        "follower_ids": [],
        "via": VIA,
        "custom_fields": [
            {"id": 27_000 + i, "value": pick.choice((None, "745", "yes", words[:20]))}
            for i in range(25)
        ],
        "satisfaction_rating": {"score": "unoffered"},
        "metric_set": metrics(number, at),
    }


def metrics(number: int, at: str) -> dict:
    minutes = {"calendar": number % 5000, "business": number % 900}
    return {
        "id": number,
        "ticket_id": 1000 + number,
        "created_at": at,
        "updated_at": at,
        "group_stations": 1,
        "assignee_stations": 2,
        "reopens": 0,
        "replies": 3,
        "solved_at": at,
        "initially_assigned_at": at,
        "assigned_at": at,
        "status_updated_at": at,
        "reply_time_in_minutes": minutes,
        "first_resolution_time_in_minutes": minutes,
        "full_resolution_time_in_minutes": minutes,
        "agent_wait_time_in_minutes": minutes,
        "requester_wait_time_in_minutes": minutes,
        "on_hold_time_in_minutes": minutes,
    }


def make_pages(folder: Path, count: int) -> None:
    pick, pages = random.Random(1), count // PER_PAGE
    for page in range(pages):
        rows = [ticket(page * PER_PAGE + i, pick) for i in range(PER_PAGE)]
        last = page == pages - 1
        body = {
            "tickets": rows,
            "after_url": f"http://HOST/api/v2/incremental/tickets/cursor.json?cursor={page + 1}",
            "after_cursor": str(page + 1),
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": last,
        }
        (folder / f"{page}.json").write_bytes(json.dumps(body, separators=(",", ":")).encode())


def serve(folder: str, pages: int) -> None:
    """A static page server: the n-th page for cursor n, an empty one past the end."""
    end = json.dumps(
        {"tickets": [], "after_cursor": str(pages), "after_url": None, "end_of_stream": True}
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", 1 << 18, True

        def do_GET(self) -> None:
            cursor = self.path.partition("cursor=")[2].partition("&")[0]
            page = int(cursor) if cursor.isdigit() else 0
            body = (Path(folder) / f"{page}.json").read_bytes() if page < pages else end
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def report(name: str, rows: int, started: float, start_cpu: float) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(
        json.dumps(
            {
                "name": name,
                "rows": rows,
                "seconds": time.perf_counter() - started,
                "cpu": cpu,
                "cpu_start_up": start_cpu,
                "cpu_work": cpu - start_cpu,
                "peak_mb": usage.ru_maxrss / 1024,
            }
        ),
        flush=True,
    )


def cpu_now() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run_floor(url: str, folder: str) -> None:
    import duckdb
    import pyarrow as pa
    import requests

    from tasks.connectors import connector
    from tasks.rest.sections import page_reader
    from tasks.rest.spec import MAIN

    stream = next(s for s in connector("zendesk").streams if s.name == "tickets")
    reader, paths = page_reader(stream, MAIN), stream.outputs[0].values
    session, database = requests.Session(), duckdb.connect(f"{folder}/floor.duckdb")
    start_cpu, started, rows, cursor, held = cpu_now(), time.perf_counter(), 0, None, []
    while True:
        body = session.get(
            f"{url}/api/v2/incremental/tickets/cursor.json", params={"cursor": cursor or "0"}
        ).content
        page = reader.decode(body)
        held.extend(page.records)
        cursor, done = (
            reader.value(page.document, "after_cursor"),
            reader.value(page.document, "end_of_stream"),
        )
        if len(held) >= 20_000 or done:
            database.register(
                "rows_read", pa.table({str(p): pa.array(reader.column(held, p)) for p in paths})
            )
            if rows == 0:
                database.execute("create table tickets as select * from rows_read")
            else:
                database.execute("insert into tickets select * from rows_read")
            rows, held = rows + len(held), []
        if done:
            break
    database.close()
    report("floor", rows, started, start_cpu)


def run_product(url: str, folder: str, name: str = "support-etl") -> None:
    from tasks.importing import gc_frozen

    with gc_frozen():  # as the command line does
        from flows.pipeline.context import running
        from flows.pipeline.ingest import ingest_accounts
        from flows.pipeline.runner import ThreadRunner
        from tasks.clock import parse_instant
        from tasks.connectors import connector
        from tasks.settings import load
    os.environ["SUPPORT_ETL_SECRET_ACME_API_TOKEN"] = "x-token"
    off = [s.name for s in connector("zendesk").streams if s.name != "tickets"]
    settings = load(
        warehouse={
            "url": f"duckdb:///{folder}/product.duckdb",
            "memory_limit": os.environ.get("BENCH_MEMORY", "150MB"),
            "threads": int(os.environ.get("BENCH_THREADS", "0")),
        },
        landing={"url": f"{folder}/landing"},
        accounts=(
            {
                "connector": "zendesk",
                "name": "acme",
                "base_url": url,
                "email": "x",
                "requests_per_minute": 0,
                "deselect": off,
            },
        ),
    )
    _warm_up()
    start_cpu, started = cpu_now(), time.perf_counter()
    with running(settings, ThreadRunner(1), "daily", parse_instant("2026-10-01")) as (context, _):
        results = ingest_accounts(context, settings.accounts)
    assert all(r.state != "failed" for r in results), [r for r in results if r.state == "failed"]
    report(name, sum(r.changed for r in results), started, start_cpu)


def _warm_up() -> None:
    """Import what a run imports, to measure start-up apart from the work."""
    import duckdb_sqlalchemy  # noqa: F401
    import pyarrow as pa

    from tasks.connectors import connectors
    from tasks.entities import ARROW, TICKET
    from tasks.quality.suites import check
    from tasks.sqlmodels.catalog import models

    connectors()
    models()
    schema = pa.schema([(c.name, ARROW[c.kind]) for c in TICKET.columns])
    check(
        "ticket", pa.Table.from_pylist([{}], schema=schema)
    )  # one bad row: rules that are met at sight would not bring Great Expectations in


def run_dlt(url: str, folder: str) -> None:
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": f"{folder}/dlt",
        "NORMALIZE__WORKERS": "1",
        "RUNTIME__LOG_LEVEL": "ERROR",
    }
    import dlt
    import requests

    session = requests.Session()

    @dlt.resource(name="tickets", primary_key="id", write_disposition="merge", max_table_nesting=0)
    def tickets():
        cursor = "0"
        while True:
            result = session.get(
                f"{url}/api/v2/incremental/tickets/cursor.json", params={"cursor": cursor}
            ).json()
            yield result["tickets"]
            cursor = result["after_cursor"]
            if result["end_of_stream"]:
                return

    start_cpu, started = cpu_now(), time.perf_counter()
    pipeline = dlt.pipeline(
        "bench", destination=dlt.destinations.duckdb(f"{folder}/dlt.duckdb"), dataset_name="z"
    )
    pipeline.run(tickets(), loader_file_format="parquet")
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select count(*) from tickets")[0][0]
    report("dlt", rows, started, start_cpu)


def dlt_python() -> str:
    python = ENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENV)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "dlt[duckdb]", "pyarrow", "requests"],
            check=True,
        )
    return str(python)


def contender(python: str, what: str, url: str, folder: Path) -> dict:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [python, __file__, "--child", what, "--url", url, "--folder", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(count: int, *, with_dlt: bool) -> dict[str, dict]:
    folder = Path(tempfile.mkdtemp(prefix="support-etl-bench-"))
    pages = folder / "pages"
    pages.mkdir()
    make_pages(pages, count)
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(pages), "--tickets", str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    result = {}
    try:
        for what in ("floor", "product", "again", *(("dlt",) if with_dlt else ())):
            result[what] = contender(
                dlt_python() if what == "dlt" else sys.executable, what, url, folder
            )
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--without-dlt", action="store_true")
    parser.add_argument("--serve")
    parser.add_argument("--child")
    parser.add_argument("--url")
    parser.add_argument("--folder")
    given = parser.parse_args()
    if given.serve:
        return serve(given.serve, given.tickets // PER_PAGE)
    if given.child:
        children = {
            "floor": run_floor,
            "product": run_product,
            "dlt": run_dlt,
            "again": lambda u, f: run_product(u, f, "second run, nothing new"),
        }
        return children[given.child](given.url, given.folder)
    small, large = (
        measure(given.tickets // 10, with_dlt=False),
        measure(given.tickets, with_dlt=not given.without_dlt),
    )
    print(f"{'':26}{'rows':>10}{'rows/s':>10}{'CPU s':>9}{'start-up':>10}{'work':>8}{'peak MB':>9}")
    for name, r in [(f"{r['name']}, {given.tickets // 10:,}", r) for r in small.values()] + [
        (f"{r['name']}, {given.tickets:,}", r) for r in large.values()
    ]:
        print(
            f"{name:26.26}{r['rows']:>10,}{r['rows'] / r['seconds']:>10,.0f}{r['cpu']:>9.2f}"
            f"{r['cpu_start_up']:>10.2f}{r['cpu_work']:>8.2f}{r['peak_mb']:>9.0f}"
        )
    product, floor = large["product"], large["floor"]
    print(
        f"CPU, work only:  {product['cpu_work'] / floor['cpu_work']:.2f} x the floor (aim at most"
        " 1.3)"
    )
    if "dlt" in large:
        print(
            f"CPU, whole:      1/{large['dlt']['cpu'] / product['cpu']:.1f} of dlt; work only:"
            f" 1/{large['dlt']['cpu_work'] / product['cpu_work']:.1f} (aim 1/5)"
        )
    print(
        f"peak memory:     {product['peak_mb']:.0f} MB, at a tenth of the tickets"
        f" {small['product']['peak_mb']:.0f} MB (aim under 300, not growing)"
    )
    print(f"second run:      {large['again']['cpu_work']:.2f} CPU s beyond start-up (aim under 2)")
    return None


if __name__ == "__main__":
    main()
