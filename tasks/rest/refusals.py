"""What a vendor's refusal says: its message with the fields, and whether a feature is missing."""

import re
from collections.abc import Iterator

import msgspec

_LONGEST = 400  # characters of a message
_SAYING = (
    "message",
    "errorMessage",
    "errorMessages",
    "error_description",
    "description",
    "error",
    "_error",
    "errors",
    "meta",
    "detail",
    "errmsg",
    "title",
    "name",
)
_WITHIN = ("error", "_error", "meta")
_DETAILS = ("errors", "details", "detail")
_FIELD = ("field", "fieldName", "field_name", "parameter", "property")
_OUR_FAULT = re.compile(
    rb"INVALID_FIELD|MALFORMED|VALIDATION|must be|[Ii]nvalid (field|attribute|parameter|value)"
)
_NO_FEATURE = re.compile(
    rb"INVALID_TYPE|invalid table|not supported|disabled|require_feature|\bfeature|\bplan\b"
    rb"|not (enabled|available|included|activated|installed|licen[cs]ed|permitted)"
    rb"|licen[cs]e|subscription|\bedition|upgrade|permission",
    re.IGNORECASE,
)


def names_missing_feature(body: bytes) -> bool:
    """Whether a 400 says that the account lacks something, not that the request is malformed."""
    if _OUR_FAULT.search(body):
        return False
    return _NO_FEATURE.search(body) is not None


def message_of(body: bytes) -> str:
    """The first human sentence of an error body, and what it says of single fields.

    Without markup, at most 400 characters.
    """
    try:
        text = _sentences(msgspec.json.decode(body))
    except (msgspec.DecodeError, ValueError, RecursionError):
        text = re.sub(r"<[^>]*>", " ", body[:2000].decode(errors="replace"))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]


def refusal_of(body: bytes) -> str:
    """What a token endpoint says: its error code and the sentence, where it has both."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = None
    code = found.get("error") if isinstance(found, dict) else None
    said = message_of(body)
    is_code = isinstance(code, str) and re.fullmatch(r"[\w.-]{1,60}", code)
    return f"{code}: {said}" if is_code and code != said else said


def _sentences(found: object) -> str:
    first = _first_text(found) or ""
    texts = dict.fromkeys(_details(found))
    more = [text for text in texts if text not in first]
    if any(first in text for text in more):
        return "; ".join(more)
    return f"{first}: {'; '.join(more)}" if more else first


def _details(found: object) -> Iterator[str]:
    """The complaints of an error body, apart from its first sentence."""
    if isinstance(found, list):
        for item in found:
            yield from _details(item)
    if isinstance(found, dict):
        for name in _DETAILS:
            yield from _complaints(found.get(name))
        for name in _WITHIN:
            yield from _details(found.get(name))


def _complaints(found: object) -> Iterator[str]:
    """Each complaint with its field, as "field: message"."""
    if isinstance(found, str):
        yield found
    if isinstance(found, list):
        for item in found:
            yield from _complaints(item)
    if isinstance(found, dict):
        text = _first_text(found)
        if text:
            fields = [found[name] for name in _FIELD if name in found]
            yield ": ".join((*map(str, fields[:1]), text))
            return
        for name, inner in found.items():
            yield from (f"{name}: {complaint}" for complaint in _complaints(inner))


def _first_text(found: object) -> str | None:
    if isinstance(found, str):
        return found
    if isinstance(found, dict):
        return next((text for name in _SAYING if (text := _first_text(found.get(name)))), None)
    if isinstance(found, list):
        return next((text for item in found if (text := _first_text(item))), None)
    return None
