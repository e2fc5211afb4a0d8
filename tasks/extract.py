"""Step: ask a vendor for one stream and one window, page by page."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import msgspec

from tasks.clock import Window, now
from tasks.connectors import connector
from tasks.errors import ConfigurationError, NotInPlanError
from tasks.landing.files import read_table
from tasks.rest.client import Account, Client, RetryPolicy
from tasks.rest.reading import Reading
from tasks.rest.received import DONE, Bookmark, ReceivedPage, Resume
from tasks.rest.sections import decode
from tasks.rest.spec import MAIN, Connector, Request, Stream
from tasks.rest.typed import Page
from tasks.settings import (
    AccountSettings,
    SecretLookup,
    optional_secrets_of,
    secret_variable,
    secrets_of,
)
from tasks.warehouse.engine import Warehouse

FILES = "file:"
_QUERY = re.compile(r"\s*(select|with)\s", re.IGNORECASE)


def open_client(
    account: AccountSettings,
    lookup: SecretLookup | None = None,
    retry_policy: RetryPolicy | None = None,
) -> Client:
    """A client for an account.

    Raises ConfigurationError or MissingSecretError naming what is not given, or not known.
    """
    vendor = connector(account.connector)
    _refuse_unknown(account, vendor)
    own = {name: str(value) for name, value in account.own.items() if isinstance(value, (str, int))}
    missing = [name for name in vendor.settings if not own.get(name)]
    if missing and not account.base_url:
        raise ConfigurationError(
            f"account {account.name}: setting {missing[0]} is needed for {vendor.title}"
        )
    ways = vendor.auth.alternatives
    possible = {*vendor.auth.optional, *(name for way in ways for name in way)}
    secrets = optional_secrets_of(account.name, tuple(sorted(possible)), lookup)
    if not any(set(way) <= set(secrets) for way in ways):
        secrets_of(account.name, vendor.auth.secrets, lookup)
    return Client(
        vendor,
        Account(
            account.name,
            {**own, **secrets},
            settings=account.own,
            base_url=account.base_url or None,
            requests_per_minute=account.requests_per_minute,
            ca_bundle=account.ca_bundle or None,
            proxy=account.proxy or None,
            retry_policy=retry_policy or RetryPolicy(),
        ),
    )


def _refuse_unknown(account: AccountSettings, vendor: Connector) -> None:
    """A misspelt setting would change nothing, silently."""
    known = (*vendor.settings, *vendor.optional_settings)
    for name in sorted(set(account.model_extra or {}) - set(known)):
        near = get_close_matches(name, [*known, *AccountSettings.model_fields], n=1)
        advice = f"did you mean {near[0]}?" if near else f"{vendor.title} has {', '.join(known)}"
        raise ConfigurationError(f"account {account.name}: no setting {name!r}; {advice}")


def _read_file(client: Client, stream: Stream, *, done: bool) -> Iterator[ReceivedPage]:
    """A file, or the result of a query, is a stream of one page."""
    if done:
        return
    given = client.account.values.get(stream.path)
    if not given:
        raise NotInPlanError(f"{client.account.name}: no file or query is set for {stream.name}")
    body = _query(client.account, given) if _QUERY.match(given) else read_table(given)
    content = decode(stream, MAIN, body)
    yield ReceivedPage(MAIN, None, Request(stream.path), body, content, now(), resume=DONE)


def _query(account: Account, statement: str) -> bytes:
    """The rows of a query as a page: {"rows": [{column: value}]}; days and decimals as text."""
    url = account.values.get("database_url")
    if not url:
        raise ConfigurationError(
            f"{account.name}: a query needs a database; set"
            f" {secret_variable(account.name, 'database_url')}, such as"
            " postgresql://user@host/finance"
        )
    database = Warehouse(url)
    try:
        with database.session() as session:
            rows = [dict(row) for row in session.execute(statement).mappings()]
    finally:
        database.dispose()
    return msgspec.json.encode({"rows": rows})


def streams_of(account: AccountSettings) -> list[Stream]:
    """The streams that are read for an account.

    Raises ConfigurationError for a stream that does not exist.
    """
    streams = connector(account.connector).streams
    known = {stream.name for stream in streams}
    unknown = sorted({*account.deselect, *account.select} - known)
    if unknown:
        raise ConfigurationError(
            f"account {account.name}: no stream {', '.join(unknown)}; {account.connector} has"
            f" {', '.join(sorted(known))}"
        )
    return [
        s
        for s in streams
        if s.name not in account.deselect and (s.enabled or s.name in account.select)
    ]


def read(
    client: Client,
    stream: Stream,
    window: Window,
    bookmark: Bookmark,
    *,
    resume: Resume | None = None,
    partitions: Sequence[Page] = (),
) -> Iterator[ReceivedPage]:
    """Pages of one batch, from `resume` on if it was cut."""
    if client.connector.base_url == FILES:
        return _read_file(client, stream, done=resume is not None)
    return Reading(client, stream, window, bookmark).pages(resume, partitions)
