"""The run log as metrics, named by Prometheus' conventions: base units, instants not ages."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from tasks.errors import StorageError


class Sample(NamedTuple):
    """One value of a metric, with the values of its labels."""

    metric: str
    labels: tuple[str, ...]
    value: float


class Metric(NamedTuple):
    """A metric: what it measures, in its unit, and the names of its labels."""

    description: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "support_etl_info": Metric("1; the label has the version", ("version",)),
    "support_etl_last_run_start_timestamp_seconds": Metric(
        "Unix time at which the latest run of a kind began", ("kind",)
    ),
    "support_etl_last_run_duration_seconds": Metric(
        "Seconds that the latest ended run of a kind took", ("kind",)
    ),
    "support_etl_last_run_success": Metric(
        "1 if the latest ended run of a kind completed, 0 if it failed or something in it did",
        ("kind",),
    ),
    "support_etl_complete_until_timestamp_seconds": Metric(
        "Unix time up to which readers may trust the marts, or an account; age = time() - this",
        ("subject",),
    ),
    "support_etl_stream_last_load_timestamp_seconds": Metric(
        "Unix time at which a stream was last loaded", ("account", "stream")
    ),
    "support_etl_stream_last_records": Metric(
        "Records received by a stream's last load", ("account", "stream")
    ),
    "support_etl_stream_last_changed_rows": Metric(
        "Rows that were new or different in a stream's last load", ("account", "stream")
    ),
    "support_etl_stream_last_rejected_rows": Metric(
        "Rows that a stream's last load set aside", ("account", "stream")
    ),
    "support_etl_stream_duration_seconds": Metric(
        "Seconds that a stream took in the run that wrote this; only in the file",
        ("account", "stream"),
    ),
    "support_etl_quarantine_rows": Metric(
        "Rows that wait in quarantine", ("account", "stream", "entity")
    ),
    "support_etl_open_alerts": Metric(
        "Open alerts by account (or table) and kind", ("account", "kind")
    ),
    "support_etl_model_rows": Metric("Rows in a table when it was last built", ("model",)),
    "support_etl_model_build_duration_seconds": Metric(
        "Seconds of a table's last build", ("model",)
    ),
}


def write_file(path: Path, samples: Iterable[Sample]) -> None:
    """Write a file for the node exporter's textfile collector, whole or not at all.

    Raises StorageError.
    """
    temporary = path.with_name(f".{path.name}.part")  # the collector reads *.prom
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(as_text(samples))
        temporary.replace(path)
    except OSError as trouble:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"monitoring.metrics_file {path}: {trouble.strerror}") from None


def as_text(samples: Iterable[Sample]) -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest(_registry(lambda: samples))


@contextmanager
def serving(port: int, samples: Callable[[], Iterable[Sample]], host: str) -> Iterator[int]:
    """Serve the metrics, read again at each request, until the block ends; give the port.

    Raises StorageError if the port is taken.
    """
    try:
        server, thread = start_http_server(port, host, _registry(samples))
    except OSError as trouble:
        raise StorageError(f"port {port} of {host}: {trouble.strerror or trouble}") from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Samples(Collector):
    """Gives Prometheus' library the samples at each collection; one at a time."""

    def __init__(self, samples: Callable[[], Iterable[Sample]]) -> None:
        self._samples = samples
        self._lock = threading.Lock()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All metrics that have a value, in the order of their list."""
        with self._lock:
            found = list(self._samples())
        for name, described in METRICS.items():
            family = GaugeMetricFamily(name, described.description, labels=described.labels)
            for sample in (one for one in found if one.metric == name):
                family.add_metric(sample.labels, sample.value)
            if family.samples:
                yield family


def _registry(samples: Callable[[], Iterable[Sample]]) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(samples))
    return registry
