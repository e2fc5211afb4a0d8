"""The command `metrics`: the run log for Prometheus."""

import threading
from contextlib import suppress
from typing import Annotated

import typer

from flows.cli import console
from tasks.settings import load


def metrics(
    port: Annotated[
        int | None,
        typer.Option(help="Serve them at /metrics of this port until Ctrl-C.", min=0, max=65535),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines.")
    ] = "127.0.0.1",
) -> None:
    """Print the run log as Prometheus metrics: age of data, rows, rejected rows, alerts, durations.

    With --port they are served, and read again at each request. While a run holds a DuckDB file
    nobody else can read it, so set monitoring.metrics_file there: each run writes the file.
    """
    from flows.pipeline.upkeep import metrics as current
    from tasks.monitoring.prometheus import as_text, serving

    settings = load()
    text = as_text(current(settings))
    if port is None:
        for line in text.decode().splitlines():
            console.line(line)
        return
    with serving(port, lambda: current(settings), host) as taken:
        console.progress(f"serving http://{host}:{taken}/metrics; Ctrl-C stops")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
