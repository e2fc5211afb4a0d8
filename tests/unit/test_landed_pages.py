"""Landed pages outlive versions: any day can be rebuilt from what was received."""

from datetime import UTC, datetime

import pytest

from tasks import land
from tasks.clock import Window
from tasks.connectors import connectors
from tasks.landing.store import Landing, Source

_AT = datetime(2026, 3, 1, tzinfo=UTC)
_HEADER_OF_0_1 = {
    "partition": None,
    "request": {
        "path": "/v3/surveys",
        "params": {"page": "2"},
        "method": "GET",
        "body": None,
        "anonymous": False,
    },
    "records": 1,
    "spoiled": 0,
    "received_at": _AT.isoformat(),
    "resume": {"done": True},
    "cursor": None,
    "total": None,
}


@pytest.mark.parametrize(
    ("part", "section"),
    [("main", "main"), ("partitions", "parents"), ("lead", "parent_document")],
)
def test_a_page_landed_by_version_0_1_can_be_read(tmp_path, part: str, section: str):
    stream = next(s for s in connectors()["surveymonkey"].streams if s.parent)
    landing = Landing(str(tmp_path))
    source = Source("surveymonkey", "acme", stream.name)
    batch = landing.open_batch(source, Window(_AT, _AT), {})
    body = b'{"id": "1", "data": [{"id": "1", "date_modified": "2026-03-01T00:00:00"}]}'
    landing.keep(batch, 1, {**_HEADER_OF_0_1, "part": part}, body)
    (page,) = land.read_back(landing, stream, batch)
    assert page.section == section
    assert page.records
    assert page.request.params == {"page": "2"}
