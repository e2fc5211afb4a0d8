"""Small accounts of a vendor, answer by answer: what a test does not set is empty."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from conftest import Bench

from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Request, Response

AS_OF = datetime(2026, 4, 20, tzinfo=UTC)
START = "2026-01-01T00:00:00Z"


@dataclass
class SmallDesk:
    """An account whose fake gives the answers of the test, by the path's beginning."""

    bench: Bench
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def run(self, as_of: datetime = AS_OF, state: str = "completed") -> None:
        outcome = self.bench.core(as_of)
        assert outcome.state == state, outcome.message

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        return self.bench.fetch(statement)

    def row(self, columns: str, table: str = "core.fct_ticket") -> tuple[Any, ...]:
        (found,) = self.bench.fetch(f"select {columns} from {table}")
        return tuple(found)

    def quarantined(self) -> list[str]:
        return [reason for (reason,) in self.fetch("select reason from ops.quarantine")]


def small_desk(
    every_account: Bench,
    sandbox: Sandbox,
    vendor: str,
    empty: Callable[[Request], Response],
    **settings: Any,
) -> SmallDesk:
    """An account of a vendor; `empty` answers what the test does not set."""
    accounts: tuple[Mapping[str, Any], ...] = tuple(
        {**account, "start": START, **settings}
        for account in every_account.accounts
        if account["connector"] == vendor
    )
    every_account.accounts = accounts
    desk = SmallDesk(every_account)
    fake = sandbox.fakes[vendor]

    def answer(asked: Request) -> Response:
        desk.asked.append(asked)
        for path, content in desk.answers.items():
            if re.fullmatch(path, asked.path):
                found = content(asked) if callable(content) else content
                return found if isinstance(found, Response) else Response(found)
        return empty(asked)

    fake.answer = answer  # type: ignore[method-assign]
    return desk


def freshdesk(every_account: Bench, sandbox: Sandbox, **settings: Any) -> SmallDesk:
    """A Freshdesk account: every list is empty, and no day has a file of activities."""
    files = re.compile(r"/api/v2/(export/|groups/\d+$)")
    return small_desk(
        every_account,
        sandbox,
        "freshdesk",
        lambda asked: Response(b"", 404) if files.match(asked.path) else Response([]),
        holiday_country="",
        **settings,
    )


def intercom(every_account: Bench, sandbox: Sandbox, **settings: Any) -> SmallDesk:
    """An Intercom workspace: every list is empty."""
    names = {
        "admins": "admins",
        "teams": "teams",
        "deleted": "conversations",
        "attributes": "data",
    }

    def empty(asked: Request) -> Response:
        parts = asked.path.strip("/").split("/")
        name = names.get(parts[-1], "conversations" if parts[0] == "conversations" else "data")
        return Response({name: [], "total_count": 0, "pages": {}})

    return small_desk(every_account, sandbox, "intercom", empty, **settings)


def salesforce(
    every_account: Bench, sandbox: Sandbox, tables: dict[str, list[dict[str, Any]]], **settings: Any
) -> Bench:
    """A Salesforce org with the given rows of objects; its fake answers queries as ever."""
    every_account.accounts = tuple(
        {**account, "start": START, **settings}
        for account in every_account.accounts
        if account["connector"] == "salesforce"
    )
    fake = sandbox.fakes["salesforce"]
    empty = {key: list[dict[str, Any]]() for key in fake._tables()}
    fake._tables = lambda: {**empty, **tables}  # type: ignore[method-assign]
    return every_account
