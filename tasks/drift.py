"""Step: compare the fields of a stream's first records with those seen before."""

from collections.abc import Mapping

import msgspec

from tasks.rest.received import ReceivedPage
from tasks.rest.spec import MAIN, PARENTS, Stream
from tasks.rest.values import Records, WholeBody
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse

_SAMPLE = 50  # records of a page
_MOST_FIELDS = 2000  # more are no fields that somebody named
_KINDS = {
    str: "text",
    bool: "flag",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
    type(None): "null",
}


def note_drift(warehouse: Warehouse, account: str, stream: Stream, page: ReceivedPage) -> list[str]:
    """Record the fields of a page that are new, vanished or of another type; a line for each."""
    if page.section not in {MAIN, PARENTS}:
        return []
    seen = _fields(page.body, stream.records_of(page.section))
    if not seen:
        return []
    if len(seen) > _MOST_FIELDS:
        return [f"the first records have {len(seen):,} fields; new ones are not looked for"]
    with warehouse.session() as session:
        known = runlog.known_fields(session, account, stream.name)
    changed = _changed(known, seen, is_full_sample=len(page.records) >= _SAMPLE)
    if changed:
        with warehouse.write_lock, warehouse.transaction() as session:
            runlog.record_drift(session, account, stream.name, changed)
    return [f"field {name} is {state}" for name, (_, state) in changed.items() if state != "known"]


def _fields(body: bytes, at: Records) -> dict[str, str]:
    """Top-level fields of the first records, with JSON types ("null" until a value is seen)."""
    try:
        document: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}  # validation sets the unreadable record aside
    for segment in at.split(".") if isinstance(at, str) else ():
        document = document.get(segment) if isinstance(document, dict) else None
    records = [document] if isinstance(at, WholeBody) else document
    kinds: dict[str, str] = {}
    for record in records[:_SAMPLE] if isinstance(records, list) else ():
        for name, value in record.items() if isinstance(record, dict) else ():
            if value is not None or name not in kinds:
                kinds[name] = _KINDS[type(value)]
    return kinds


def _changed(
    known: Mapping[str, tuple[str, str]], seen: Mapping[str, str], *, is_full_sample: bool
) -> dict[str, tuple[str, str]]:
    """Kind and state of the fields that changed.

    States: `known` at first sight or again, `new`, `vanished`, `retyped`.
    """
    changed: dict[str, tuple[str, str]] = {}
    for name, kind in seen.items():
        if name not in known:
            changed[name] = (kind, "new" if known else "known")
        elif known[name][0] == "null" and kind != "null":
            changed[name] = (kind, "known")
        elif kind not in {"null", known[name][0]}:
            changed[name] = (kind, "retyped")
        elif known[name][1] == "vanished":
            changed[name] = (known[name][0], "known")
    if is_full_sample:
        for name, (kind, state) in known.items():
            if name not in seen and state != "vanished":
                changed[name] = (kind, "vanished")
    return changed
