"""Undoes the gzip encoding of a body, and sees whether it came whole.

The HTTP library takes a stream for whole whose end (checksum and length) is missing.
"""

import zlib
from collections.abc import Iterable, Iterator

from tasks.errors import TruncatedPageError

_GZIP = 31  # of zlib: a gzip header, a stream, a checksum and a length
_FIRST_BYTE = b"\x1f"


def unzipped(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The content, at most `most` bytes at a time; several streams in a row are one.

    Raises TruncatedPageError where a stream is damaged, or ends before its checksum and length.
    """
    stream, has_begun = zlib.decompressobj(_GZIP), False
    try:
        for chunk in chunks:
            rest = _next_stream(chunk) if stream.eof else chunk
            while rest:
                if stream.eof:
                    stream = zlib.decompressobj(_GZIP)
                has_begun = True
                yield stream.decompress(rest, most)
                rest = _following(stream)
        yield stream.flush()
    except zlib.error as damaged:
        raise TruncatedPageError(f"the compressed answer is damaged ({damaged})") from None
    if has_begun and not stream.eof:
        raise TruncatedPageError("the compressed answer broke off before its end")


def _following(stream: "zlib._Decompress") -> bytes:
    """What is left of a chunk: of this stream, or of the next."""
    return _next_stream(stream.unused_data) if stream.eof else stream.unconsumed_tail


def _next_stream(rest: bytes) -> bytes:
    """The bytes after the end of a stream, if they begin another; else they are padding."""
    return rest if rest.startswith(_FIRST_BYTE) else b""
