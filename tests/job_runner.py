"""Run the job in child processes that can be killed.

Everything is imported once; a child is forked for each run.

Protocol on stdin and stdout, one JSON document per line: {"settings": ..., "as_of": ...,
"environment": ...} starts a run, and its process id is the answer. When the child has ended, its
exit status follows (negative: the signal). With "ingest" no tables are built; with "die":
[place, k] the child kills itself at the k-th landing, merge or commit.
"""

import json
import os
import signal
import sys
from unittest import mock

import pyarrow as pa  # noqa: F401 - imported once for all children
import scipy.special  # noqa: F401
import sqlglot  # noqa: F401
from great_expectations.core import ExpectationSuite  # noqa: F401

from flows.pipeline.context import running
from flows.pipeline.ingest import ingest_accounts
from flows.pipeline.run import run_daily
from flows.pipeline.runner import ThreadRunner
from tasks.clock import parse_instant
from tasks.connectors import connectors
from tasks.settings import load
from tasks.sqlmodels.catalog import models


def main() -> None:
    connectors()
    models()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def die_at(place: str, k: int) -> None:
    """Replace a function of the path by one that kills the process at its k-th call."""
    where = {
        "landing": "tasks.landing.store.os.replace",
        "merge": "tasks.load.merge",
        "bookmark": "tasks.load.books.move_bookmark",
        "batch": "tasks.load.books.record_batch",
        "commit": "sqlalchemy.engine.Transaction.commit",
    }[place]
    calls = [0]
    patched = mock.patch(where, autospec=True)
    real = patched.get_original()[0]

    def deadly(*given, **more):
        calls[0] += 1
        if calls[0] == k:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **more)

    mock.patch(where, deadly).start()


def ingest(order: dict) -> int:
    settings = load(**order["settings"])
    if order.get("die"):
        die_at(*order["die"])
    as_of = parse_instant(order["as_of"])
    with running(settings, ThreadRunner(1), "daily", as_of) as (context, outcome):
        outcome.streams += ingest_accounts(context, settings.accounts)
        outcome.state = "partly" if outcome.failures else "completed"
    return 0 if outcome.state == "completed" else 3


def run(order: dict) -> int:
    os.environ.update(order["environment"])
    try:
        if order.get("ingest"):
            return ingest(order)
        outcome = run_daily(
            load(**order["settings"]),
            ThreadRunner(),
            as_of=parse_instant(order["as_of"]),
            with_report=order["report"],
        )
    except Exception as trouble:
        print(f"{type(trouble).__name__}: {trouble}", file=sys.stderr, flush=True)
        return 9
    return 0 if outcome.state == "completed" else 3


if __name__ == "__main__":
    main()
