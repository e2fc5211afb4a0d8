"""Values and records that no vendor should send."""

import itertools
import json
import pkgutil
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

from scene import Judgement, Scene, judge

from classes.kit import Fault, attempt, edited, outer_records_of

_KEYS = re.compile(
    r"(^|_)(id|ids|key|sys_id|uuid|self|links?|url|number|name|hash|cursor|email|type|status|field|token|href|source|slug|ref|priority)$",
    re.IGNORECASE,
)
_MARK = "@@strange@@"


def strange(name: str, value: str) -> Fault:
    """A text field of the first record of a page gets `value`, a piece of raw JSON."""

    def change(records: list[Any]) -> None:
        record = records[0]
        chosen = [
            k
            for k, v in record.items()
            if isinstance(v, str) and not _KEYS.search(k) and not re.match(r"\d{4}-", v)
        ]
        record[chosen[0] if chosen else "remark"] = _MARK

    return edited(
        name,
        change,
        "F5 strange data",
        points=("first", "middle", "last"),
        repair=True,
        finish=lambda body: body.replace(json.dumps(_MARK).encode(), value.encode()),
    )


def whole(name: str, change: Callable[[dict[str, Any]], Any]) -> Fault:
    """The first record of a page is changed as a whole."""

    def act(records: list[Any]) -> None:
        records[0] = change(records[0])

    # of a part, such as an event of a ticket, nothing is left that would say what it was; others of
    # unknown kinds are left out too
    return edited(
        name,
        act,
        "F5 strange data",
        points=("first", "middle", "last"),
        repair=True,
        find=outer_records_of,
    )


def one_float_id() -> Fault:
    """The first record of a page has its id as a float: it is the same record."""

    def change(records: list[Any]) -> None:
        for name, value in records[0].items():
            if isinstance(value, int) and not isinstance(value, bool) and value < 2**53:
                records[0][name] = float(value)

    return edited(
        "whole numbers as floats", change, "F5 strange data", points=("first", "middle", "last")
    )


def foreign_exception(where: str) -> Fault:
    """At the k-th call a function raises what nobody foresaw; the next run repairs it."""

    def play(scene: Scene, k: int) -> Judgement:
        real = pkgutil.resolve_name(where)
        calls = itertools.count(1)

        def broken(*given: Any, **named: Any) -> Any:
            if next(calls) == k:
                raise RuntimeError("not foreseen by anybody")
            return real(*given, **named)

        with mock.patch(where, broken):
            first = attempt(scene)
        return judge(scene, first)

    return Fault("F5 strange data", f"foreign exception in {where}", play, ("first", "middle"))


def _scalars(record: dict[str, Any], value: Any) -> dict[str, Any]:
    return {k: value if not isinstance(v, (dict, list)) else v for k, v in record.items()}


STRANGE = (
    one_float_id(),
    foreign_exception("tasks.land.keep"),
    foreign_exception("tasks.validate.translate"),
    foreign_exception("tasks.validate.check"),
    foreign_exception("tasks.rest.client.Client._judge"),
    strange("NUL", '"a\\u0000b"'),
    strange("lone surrogate", '"a\\ud800b"'),
    strange("terminal escapes", '"\\u001b[2J\\u202eabc"'),
    strange("NaN", "NaN"),
    strange("infinity", "1e999"),
    strange("5,000 digits", "1" * 5000),
    strange("nested 10,000 deep", "[" * 10_000 + "]" * 10_000),
    strange("a megabyte of text", json.dumps("x" * (1 << 20))),
    strange("SQL", json.dumps("'; drop table source.ticket; --")),
    strange("formula", json.dumps('=HYPERLINK("http://x","y")')),
    strange("markup", json.dumps("<script>alert(1)</script>{{7*7}}")),
    strange("a list for a text", "[1,2]"),
    strange("an object for a text", '{"a":1}'),
    strange("a truth for a text", "true"),
    whole("null everywhere", lambda r: _scalars(r, None)),
    whole("objects everywhere", lambda r: _scalars(r, {"x": 1})),
    whole("an empty record", lambda r: {}),
    whole("a number for a record", lambda r: 7),
    whole("null for a record", lambda r: None),
    whole(
        "hostile field names",
        lambda r: {
            **r,
            **dict.fromkeys(
                (
                    '"; drop table source.ticket; --',
                    "a\x00b",
                    "../../x",
                    "",
                    "x" * 5000,
                    "{{7*7}}",
                    "__class__",
                ),
                1,
            ),
        },
    ),
    whole("new fields", lambda r: {**r, **{f"new_{i}": i for i in range(50)}}),
)
