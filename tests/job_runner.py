"""Runs the job in child processes that can be killed: everything is imported once, then a child is forked per run.

Protocol on stdin and stdout, one JSON per line: {"settings": ..., "as_of": ..., "environment": ...} begins a run and is
answered by its process id; when the child has ended, its exit status follows (negative: the signal).
"""

import json
import os
import sys

import pyarrow  # noqa: F401 - imported once for all children
import scipy.special  # noqa: F401
import sqlglot  # noqa: F401
from great_expectations.core import ExpectationSuite  # noqa: F401

from flows.job import run_daily
from flows.stages import Plainly
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


def run(order: dict) -> int:
    os.environ.update(order["environment"])
    try:
        outcome = run_daily(load(**order["settings"]), Plainly(), as_of=parse_instant(order["as_of"]), with_report=order["report"])
    except Exception as trouble:
        print(f"{type(trouble).__name__}: {trouble}", file=sys.stderr, flush=True)
        return 9
    return 0 if outcome.state == "completed" else 3


if __name__ == "__main__":
    main()
