"""Medallia: fields that the role may not see, which come as an error next to the data.

A field id that the instance does not have is refused in the same words.
"""

import re
from dataclasses import replace

from tasks.rest.spec import Request

_INVALID = re.compile(rb"Invalid field id: ?(\w+)")


def hidden_field(body: bytes) -> str | None:
    """The field that an answer says is not there."""
    found = _INVALID.search(body)
    return found[1].decode() if found else None


def without_field(request: Request, field: str) -> Request | None:
    """The query without a field's values; None if its order or its bounds need the field."""
    query = str(request.body.get("query", "")) if isinstance(request.body, dict) else ""
    value = rf'\w+: fieldData\(fieldId: "{re.escape(field)}"\) \{{ values \}} ?'
    kept, count = re.subn(value, "", query)
    if not count or f'"{field}"' in kept:
        return None
    return replace(request, body={**request.body, "query": kept})
