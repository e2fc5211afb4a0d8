"""Sample answers as the vendors' pages print them, through the declared translation: rows as a
person expects them.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.connectors import connector, connectors
from tasks.rest.reading import MAIN, page_reader, redecode
from tasks.translation.columns import Gathered, translate

HERE = Path(__file__).parent
SAMPLES = sorted(HERE.glob("*/*.json"))
RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_sample_becomes_the_expected_rows(path: Path):
    sample = json.loads(path.read_text())
    stream = next(s for s in connector(path.parent.name).streams if s.name == sample["stream"])
    part = sample.get("part", MAIN)
    body = json.dumps(sample["answer"]).encode()
    made: dict[str, list[dict]] = {}
    for becomes in (b for b in stream.becomes if b.part == part):
        page = redecode(stream, part, body)
        gathered = Gathered()
        gathered.add(page.records, 1, sample.get("partition"), RECEIVED)
        rows = translate(
            stream,
            becomes,
            page_reader(stream, part),
            gathered,
            personal=False,
            lead=sample.get("lead"),
            settings=sample.get("settings", {}),
        )
        assert rows.refused.num_rows == 0
        made.setdefault(becomes.entity.name, []).extend(rows.table.to_pylist())
    for entity, expected in sample["expected"].items():
        found = made.get(entity, [])
        assert len(found) == len(expected), (entity, found)
        for row, wanted in zip(found, expected, strict=True):
            shown = {name: _plain(row[name]) for name in wanted}
            assert shown == wanted


def _lists(content, path: list[str]):
    """The lists of objects at a path, from whatever object of an answer it starts."""
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


def test_an_empty_item_of_a_list_is_set_aside_with_its_reason():
    """A filter would not meet it, and a change of a ticket be gone without a word."""
    tried = set()
    for path in SAMPLES:
        sample = json.loads(path.read_text())
        stream = next(s for s in connector(path.parent.name).streams if s.name == sample["stream"])
        part = sample.get("part", MAIN)
        for becomes in (b for b in stream.becomes if b.part == part and b.each and not b.clean):
            answer = json.loads(path.read_text())["answer"]
            for items in _lists(answer, becomes.each.removesuffix("[]").split(".")):
                items[0] = {}
            page = redecode(stream, part, json.dumps(answer).encode())
            gathered = Gathered()
            gathered.add(page.records, 1, sample.get("partition"), RECEIVED)
            rows = translate(
                stream,
                becomes,
                page_reader(stream, part),
                gathered,
                personal=False,
                settings=sample.get("settings", {}),
            )
            if answer != sample["answer"]:
                assert (
                    f"an empty item in its {becomes.each.removesuffix('[]')}"
                    in rows.refused["reason"].to_pylist()
                ), path
                tried.add(path.parent.name)
    assert tried >= {"zendesk", "hubspot", "intercom"}, tried


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def test_every_vendor_has_samples_that_name_their_page():
    for name in connectors():
        if name != "files":
            found = [json.loads(p.read_text()) for p in SAMPLES if p.parent.name == name]
            assert found, f"tests/connectors/{name} has no sample"
            assert all(s["taken_from"].startswith("http") for s in found)
