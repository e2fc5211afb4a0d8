"""Samples of a connector: a vendor's answer, and the rows that it becomes.

A sample is `tests/connectors/<vendor>/<name>.json`: `taken_from` (the page), `stream`, `answer`
(the body), `expected` (rows by entity); where needed `section`, `partition`, `parent_document`,
`settings` and `fields` (own fields that are chosen).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.errors import ConfigurationError
from tasks.rest.fields import Chosen, with_fields
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN, Connector, Output, Stream
from tasks.translation.columns import RecordBuffer, Rows, translate

FOLDER = "tests/connectors"
Sample = Mapping[str, Any]
Listed = list[dict[str, Any]]
_NEEDED = ("stream", "answer", "expected")
_RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)


def read_sample(path: Path) -> Sample:
    """The sample in a file. Raises ConfigurationError for one that is not well written."""
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as wrong:
        raise ConfigurationError(f"{path}: not valid JSON: {wrong}") from None
    missing = [name for name in _NEEDED if name not in sample]
    if missing:
        raise ConfigurationError(f"{path}: no {', '.join(missing)}")
    return dict(sample)


def differences(connector: Connector, sample: Sample) -> str:
    """How the rows of an answer differ from those expected; "" where they do not.

    Raises ConfigurationError for a stream that the connector does not have.
    """
    stream = stream_of(connector, sample)
    section = sample.get("section", MAIN)
    made: dict[str, Listed] = {}
    words = []
    for output in (each for each in stream.outputs if each.section == section):
        rows = translated(stream, output, sample)
        words += [f"refused: {reason}" for reason in rows.refused["reason"].to_pylist()]
        made.setdefault(output.entity.name, []).extend(rows.table.to_pylist())
    for entity, expected in sample["expected"].items():
        words += _differing(entity, made.get(entity, []), expected)
    return "; ".join(words)


def translated(stream: Stream, output: Output, sample: Sample) -> Rows:
    """The rows that an output makes of a sample's answer."""
    section = sample.get("section", MAIN)
    page = decode(stream, section, json.dumps(sample["answer"]).encode())
    buffer = RecordBuffer()
    buffer.add(page.records, 1, sample.get("partition"), _RECEIVED)
    return translate(
        stream,
        output,
        page_reader(stream, section),
        buffer,
        personal=False,
        parent_document=sample.get("parent_document"),
        settings=sample.get("settings", {}),
    )


def stream_of(connector: Connector, sample: Sample) -> Stream:
    """The stream of a sample, with the own fields that it chooses.

    Raises ConfigurationError for a stream that the connector does not have.
    """
    chosen = [Chosen(*one) for one in sample.get("fields", ())]
    listed = with_fields(connector.streams, connector.own_fields, chosen)
    streams = {stream.name: stream for stream in listed}
    name = sample["stream"]
    if name not in streams:
        raise ConfigurationError(f"{connector.name} has no stream {name}, but {', '.join(streams)}")
    return streams[name]


def _differing(entity: str, made: Listed, expected: Listed) -> list[str]:
    if len(made) != len(expected):
        return [f"{entity}: {len(made)} rows, expected {len(expected)}"]
    words = []
    for number, (row, wanted) in enumerate(zip(made, expected, strict=True), 1):
        for name, value in wanted.items():
            actual = _plain(row.get(name))
            if actual != value:
                words.append(f"{entity} {number}: {name} is {actual!r}, expected {value!r}")
    return words


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever a column holds
    return value.isoformat() if hasattr(value, "isoformat") else value
