"""Sample answers from the vendors' pages, through the declared mapping, give the expected rows."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.connectors import connector, connectors
from tasks.rest.fields import Chosen, with_fields
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN, Stream
from tasks.translation.columns import RecordBuffer, translate

HERE = Path(__file__).parent
SAMPLES = sorted(HERE.glob("*/*.json"))
RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)


def stream_of(path: Path, sample: dict) -> Stream:
    """The stream of a sample, with the own fields that it chooses."""
    vendor = connector(path.parent.name)
    chosen = [Chosen(*one) for one in sample.get("fields", ())]
    streams = with_fields(vendor.streams, vendor.own_fields, chosen)
    return next(s for s in streams if s.name == sample["stream"])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_sample_becomes_the_expected_rows(path: Path):
    sample = json.loads(path.read_text())
    stream = stream_of(path, sample)
    section = sample.get("section", MAIN)
    body = json.dumps(sample["answer"]).encode()
    made: dict[str, list[dict]] = {}
    for output in (b for b in stream.outputs if b.section == section):
        page = decode(stream, section, body)
        buffer = RecordBuffer()
        buffer.add(page.records, 1, sample.get("partition"), RECEIVED)
        rows = translate(
            stream,
            output,
            page_reader(stream, section),
            buffer,
            personal=False,
            parent_document=sample.get("parent_document"),
            settings=sample.get("settings", {}),
        )
        assert rows.refused.num_rows == 0
        made.setdefault(output.entity.name, []).extend(rows.table.to_pylist())
    for entity, expected in sample["expected"].items():
        result = made.get(entity, [])
        assert len(result) == len(expected), (entity, result)
        for row, wanted in zip(result, expected, strict=True):
            shown = {name: _plain(row[name]) for name in wanted}
            assert shown == wanted


def _lists(content, path: list[str]):
    """The lists of objects at a path, from any object of a response."""
    for one in (
        content.values()
        if isinstance(content, dict)
        else content
        if isinstance(content, list)
        else ()
    ):
        yield from _lists(one, path)
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    if isinstance(content, list) and content and isinstance(content[0], dict):
        yield content


def test_an_empty_list_item_is_rejected_with_its_reason():
    """A filter would not match it, and a change of a ticket would vanish silently."""
    tried = set()
    for path in SAMPLES:
        sample = json.loads(path.read_text())
        stream = stream_of(path, sample)
        section = sample.get("section", MAIN)
        for output in (
            b for b in stream.outputs if b.section == section and b.each and not b.transform
        ):
            answer = json.loads(path.read_text())["answer"]
            for items in _lists(answer, output.each.split(".")):
                items[0] = {}
            page = decode(stream, section, json.dumps(answer).encode())
            buffer = RecordBuffer()
            buffer.add(page.records, 1, sample.get("partition"), RECEIVED)
            rows = translate(
                stream,
                output,
                page_reader(stream, section),
                buffer,
                personal=False,
                settings=sample.get("settings", {}),
            )
            if answer != sample["answer"]:
                assert (
                    f"an empty item in its {output.each}" in rows.refused["reason"].to_pylist()
                ), path
                tried.add(path.parent.name)
    assert tried >= {"zendesk", "hubspot", "intercom"}, tried


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def test_every_vendor_has_samples_that_name_their_page():
    for name in connectors():
        if name != "files":
            result = [json.loads(p.read_text()) for p in SAMPLES if p.parent.name == name]
            assert result, f"tests/connectors/{name} has no sample"
            assert all(s["taken_from"].startswith("http") for s in result)
