"""Exported files with one odd thing: the row is rejected, or the stream fails by name."""

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from types import SimpleNamespace

import msgspec
import pytest
from tests_support import PageView

from tasks.errors import ContractError, TruncatedPageError
from tasks.rest.client import Response
from tasks.rest.exports import _Job, _rows, _unpacked
from tasks.rest.paging import Offset, PageNumber
from tasks.rest.spec import Export, Request, Stream
from tasks.rest.typed import PageReader
from tasks.rest.values import Header, Path


def test_a_cell_may_be_longer_than_the_csv_module_likes():
    """Python's limit of 131,072 characters ended the run of every account."""
    (row,) = _rows(b'"Id","TextBody"\n"1","' + b"x" * 140_000 + b'"\n')
    assert len(row["TextBody"]) == 140_000


def test_bytes_that_are_no_utf_8_spoil_their_own_cell_only():
    rows = _rows(b"\xef\xbb\xbfId,Name\n1,caf\xe9\n2,b\n")
    assert rows == [{"Id": "1", "Name": "caf\ufffd"}, {"Id": "2", "Name": "b"}]


@pytest.mark.parametrize("odd", ["2,b,c", "2"])
def test_a_row_with_other_cells_than_heads_is_rejected_alone(odd: str):
    rows = _rows(f"Id,Name\n1,a\n{odd}\n3,c\n".encode())
    reader = PageReader(records="rows", values=[Path("Id"), Path("Name")])
    page = reader.decode(msgspec.json.encode({"rows": rows}))
    assert reader.column(page.records, "Id") == ["1", "3"]
    assert f"{odd.count(',') + 1} cells under 2 heads" in page.unreadable[0].raw


@pytest.mark.parametrize("heads", ["Name,Name.First", "Name.First,Name", "Id,Id"])
def test_heads_that_replace_one_another_are_named(heads: str):
    with pytest.raises(ContractError, match="contradict"):
        _rows(f"{heads}\na,b\n".encode())


def _job(kind: str = "csv") -> _Job:
    export = Export(
        start=lambda partition, window, settings: Request("/jobs", method="POST"),
        job_at="id",
        poll=lambda key, job: Request(f"/jobs/{job}"),
        state_at="state",
        done=frozenset({"done"}),
        failed=frozenset(),
        file=lambda key, job: Request(f"/jobs/{job}/file"),
        kind=kind,
        rows_count=Header("sforce-numberofrecords"),
    )

    client = SimpleNamespace(account=SimpleNamespace(name="acme"))
    stream = Stream(
        name="s", description="", path="/s", records="rows", paging=Offset("o", "l", 1), outputs=()
    )
    return _Job(client, export, stream, "", lambda: 0.0)


def _body(headers: Mapping[str, str], body: bytes = b"Id\n1\n") -> bytes:
    return _job()._body(Response(headers, body))


def test_a_count_of_rows_that_is_no_number_is_named():
    with pytest.raises(ContractError, match="acme/s: the count of rows is no whole number: 'many'"):
        _body({"sforce-numberofrecords": "many"})
    with pytest.raises(TruncatedPageError):
        _body({"sforce-numberofrecords": "2"})
    assert _body({"sforce-numberofrecords": "1"}) == b'{"rows":[{"Id":"1"}]}'


@pytest.mark.parametrize("shape", [Offset("o", "l", 1, total="n"), PageNumber({}, pages="n")])
def test_a_total_that_is_no_number_is_named(shape):
    with pytest.raises(ContractError, match="'many'"):
        shape.after(shape.first(Request("/t")), PageView(values={"n": "many"}))


def test_a_damaged_zip_is_named():
    packed = io.BytesIO()
    content = bytes(range(256)) * 40
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", content)
    whole = packed.getvalue()
    assert _unpacked(whole, 1 << 20, "acme") == content
    for at in range(0, len(whole), 3):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        with suppress(ContractError):
            assert _unpacked(damaged, 1 << 20, "acme") == content, "damage elsewhere"


def test_a_damaged_deflate_stream_is_named():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"abc" * 99)
    start = 30 + len("a.json")
    damaged = packed.getvalue()[:start] + b"\xff\xff\xff" + packed.getvalue()[start + 3 :]
    with pytest.raises(ContractError, match="acme: the export is not a zip that can be read"):
        _unpacked(damaged, 1 << 20, "acme")
