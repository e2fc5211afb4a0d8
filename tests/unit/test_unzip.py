"""A gzip encoding that is undone, whole or cut anywhere."""

import gzip
import os

import pytest

from tasks.errors import TruncatedPageError
from tasks.rest.unzip import unzipped

CONTENT = b'{"tickets":[' + b'{"id":1},' * 5000 + b"{}]}"
PACKED = gzip.compress(CONTENT)


def _pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("most", [1, 100, 1 << 20])
def test_a_whole_stream_is_read_in_pieces_of_any_size(size: int, most: int):
    parts = list(unzipped(_pieces(PACKED, size), most))
    assert b"".join(parts) == CONTENT
    assert max(map(len, parts[:-1])) <= most


def test_streams_in_a_row_are_one_and_padding_is_none():
    for body in (PACKED + PACKED, PACKED + PACKED + b"\0" * 9):
        assert b"".join(unzipped(_pieces(body, len(PACKED)), 1000)) == CONTENT + CONTENT
    assert b"".join(unzipped([], 1000)) == b""


@pytest.mark.parametrize("missing", [1, 4, 8, 9, 40])
def test_a_stream_without_its_end_is_cut(missing: int):
    """Without its checksum and length it was taken for whole."""
    with pytest.raises(TruncatedPageError):
        b"".join(unzipped([PACKED[:-missing]], 1 << 20))


def test_a_damaged_stream_is_named():
    for damaged in (PACKED[:-8] + b"\1" * 8, b"<html>" + os.urandom(9)):
        with pytest.raises(TruncatedPageError, match="damaged"):
            b"".join(unzipped([damaged], 1 << 20))
