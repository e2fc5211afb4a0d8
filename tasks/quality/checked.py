"""What validation passes on: good rows, and rejected rows with their reason."""

import re
from dataclasses import dataclass

import pyarrow as pa

from tasks.entities import Entity
from tasks.quality.suites import Verdict

_ADDRESS = re.compile(r"[^\s'\"<>()\[\]{}]+@[^\s'\"<>()\[\]{}]+")
_DIGITS = re.compile(r"(?<![\w.])\+?\d(?:[ ()/.-]{0,2}\d){5,}")
_DAY = re.compile(r"\d{4,6}-\d{2}-\d{2}")
_REST_OF_FILE = re.compile(r"\S*\.(csv|tsv|txt|xlsx|parquet|jsonl|ndjson)\b")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A rejected row: the place of its record, the rule it broke, and the reason.

    `persons` are the ids of customers that stand in it.
    """

    entity: str
    page_number: int
    record_number: int | None
    record_key: str
    rule: str
    reason: str
    persons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Good rows of one entity (columns, page, record, received instant), and the rejected rows."""

    entity: Entity
    rows: pa.Table
    rejected: tuple[RejectedRow, ...]
    verdict: Verdict | None


def without_addresses(reason: str) -> str:
    """A reason in which no e-mail address and no telephone number is quoted.

    Days and instants stay: an impossible one is what the reason is about. So do names of files.
    """
    reason = _ADDRESS.sub("(an address)", reason)

    def instead(found: re.Match[str]) -> str:
        is_known = _DAY.match(found[0]) or _REST_OF_FILE.match(found.string, found.end())
        return found[0] if is_known else "(a number)"

    return _DIGITS.sub(instead, reason)
