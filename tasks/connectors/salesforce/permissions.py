"""Salesforce: fields that field-level security hides from the integration user.

The whole query is refused then, one field at a time (airbytehq/airbyte#13088).
"""

import re
from dataclasses import replace

from tasks.rest.spec import Request

_NO_COLUMN = re.compile(rb"No such column '([\w.]+)'")


def hidden_field(body: bytes) -> str | None:
    """The field that a refusal says is not there."""
    found = _NO_COLUMN.search(body) if b"INVALID_FIELD" in body else None
    return found[1].decode() if found else None


def without_field(request: Request, field: str) -> Request | None:
    """The query without a field; None if its condition or its order needs the field."""
    in_body = isinstance(request.body, dict)
    query = str(request.body.get("query", "")) if in_body else request.params.get("q", "")
    chosen, _, rest = query.removeprefix("SELECT ").partition(" FROM ")
    names = [name.strip() for name in chosen.split(",")]
    hidden = {field} if field in names else {n for n in names if n.endswith(f".{field}")}
    if not hidden or re.search(rf"\b{re.escape(field)}\b", rest):
        return None
    kept = ", ".join(name for name in names if name not in hidden)
    narrower = f"SELECT {kept} FROM {rest}"
    if in_body:
        return replace(request, body={**request.body, "query": narrower})
    return request.with_params(q=narrower)
