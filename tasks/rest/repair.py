"""Repairs a page that arrived whole but is not strict JSON, so that one odd value costs no page.

A page whose brackets do not close is cut: it is not repaired, but asked for again.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROL = bytes.maketrans(bytes(range(32)), b" " * 32)
_STRING = rb'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(_STRING + rb'|[\[\]{}"]', re.DOTALL)
_NO_NUMBER = re.compile(_STRING + rb"|-?\b(?:NaN|Infinity)\b", re.DOTALL)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a surrogate pair
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_DEEPEST = 200  # levels of brackets; nobody reads what lies below
_PAIRS = {b"]": b"[", b"}": b"{"}
Replace = Callable[[bytes], bytes]


def repaired(body: bytes, depth: int | None) -> bytes | None:
    """The page as strict JSON; None if it is cut, or no page at all.

    Bad characters become U+FFFD, control characters spaces; NaN, infinities and what is nested too
    deeply become null. Records are objects inside `depth` brackets: one that still is no JSON
    becomes a text, which is then rejected as a record.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    text = body.decode("utf-8", errors="replace")
    body = text.encode().translate(_CONTROL)
    if not _is_whole(body):
        return None
    body = _ESCAPE.sub(_paired, body)
    body = _NO_NUMBER.sub(_number, body)
    body = _replaced(body, _DEEPEST, lambda deep: b"null")
    return body if depth is None else _replaced(body, depth, _text_unless_json)


def _paired(escape: re.Match[bytes]) -> bytes:
    """The escape; U+FFFD for half of a surrogate pair."""
    return rb"\ufffd" if escape["lone"] else escape[0]


def _number(token: re.Match[bytes]) -> bytes:
    """A text as it is; null for what is no number."""
    return token[0] if token[0].startswith(b'"') else b"null"


def _is_whole(body: bytes) -> bool:
    """Whether all brackets and quotes close, and nothing follows the last."""
    if not body.rstrip().endswith((b"]", b"}")):
        return False
    expected: list[bytes] = []
    end = 0
    for found in _TOKEN.finditer(body):
        token, at = found[0], found.start()
        if not expected and body[end:at].strip():
            return False
        if token in b"[{":
            expected.append(token)
        elif token in _PAIRS:
            if not expected or expected.pop() != _PAIRS[token]:
                return False
        elif token == b'"' or not expected:
            return False
        end = found.end()
    is_closed = end > 0 and not expected
    return is_closed and not body[end:].strip()


def _replaced(body: bytes, depth: int, replace: Replace) -> bytes:
    """The page with every value that is nested `depth` levels deep passed through `replace`."""
    parts, end = [], 0
    for start, stop in _spans(body, depth):
        parts.append(body[end:start])
        parts.append(replace(body[start:stop]))
        end = stop
    return b"".join((*parts, body[end:]))


def _spans(body: bytes, depth: int) -> Iterator[tuple[int, int]]:
    """Where the objects and lists that lie inside `depth` brackets begin and end."""
    level, start = 0, 0
    for found in _TOKEN.finditer(body):
        if found[0] in b"[{":
            start = found.start() if level == depth else start
            level += 1
        elif found[0] in _PAIRS:
            level -= 1
            if level == depth:
                yield start, found.end()


def _text_unless_json(record: bytes) -> bytes:
    try:
        msgspec.json.decode(record)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return msgspec.json.encode(record.decode())
    return record
