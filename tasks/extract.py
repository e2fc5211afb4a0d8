"""Step: ask a vendor for one stream and one window, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import cache, partial

import msgspec

from tasks.clock import Window, now
from tasks.connectors import connector
from tasks.errors import (
    ConfigurationError,
    MissingSecretError,
    NoTablesError,
    NotInPlanError,
    StorageError,
)
from tasks.rest.auth import complete_way, missing_of
from tasks.rest.client import Account, Client, RetryPolicy
from tasks.rest.fields import ENTITY_OF, Chosen, with_fields
from tasks.rest.kept import Keeper
from tasks.rest.network import Network
from tasks.rest.reading import Reading
from tasks.rest.received import DONE, Bookmark, ReceivedPage, Resume
from tasks.rest.sections import decode
from tasks.rest.spec import (
    MAIN,
    PARENT_DOCUMENT,
    Connector,
    FullRefresh,
    Request,
    Stream,
)
from tasks.rest.typed import Page
from tasks.settings import (
    AccountSettings,
    SecretBlocks,
    SecretLookup,
    given_secret,
    optional_secrets_of,
    secret_block,
    secret_variable,
    tokens_folder,
)
from tasks.tabular.declared import TableSettings, table_of
from tasks.tabular.reading import FilePage, TableReader
from tasks.tabular.rows import TableRows
from tasks.tabular.spec import TableSpec
from tasks.warehouse.engine import Warehouse

FILES = "file:"
FILES_CONNECTOR = "files"
Choices = tuple[Chosen, ...]


def open_client(
    account: AccountSettings,
    lookup: SecretLookup | None = None,
    retry_policy: RetryPolicy | None = None,
) -> Client:
    """A client for an account.

    Raises ConfigurationError or MissingSecretError naming what is not given, or not known.
    """
    try:
        return _opened(account, lookup, retry_policy or RetryPolicy())
    except MissingSecretError:
        raise
    except ConfigurationError as wrong:
        raise ConfigurationError(f"account {account.name}: {wrong}") from None


def _opened(
    account: AccountSettings, lookup: SecretLookup | None, retry_policy: RetryPolicy
) -> Client:
    vendor = connector(account.connector)
    _refuse_unknown(account, vendor)
    _refuse_fields_not_read(account, vendor)
    own = {name: str(value) for name, value in account.own.items() if isinstance(value, (str, int))}
    own["client_certificate"] = account.client_certificate
    values = vendor.values_of(own, is_replaced=bool(account.base_url))
    secrets = optional_secrets_of(account.name, tuple(sorted(vendor.secrets)), lookup)
    missing = vendor.missing_settings(values)
    if missing and not account.base_url:
        raise ConfigurationError(f"setting {missing[0]} is needed for {vendor.title}")
    _refuse_incomplete(account.name, vendor, {**own, **secrets})
    return Client(
        vendor,
        Account(
            account.name,
            {**own, **secrets},
            settings=account.own,
            base_url=account.base_url or None,
            requests_per_minute=account.requests_per_minute,
            network=Network(
                account.proxy, account.ca_bundle, account.client_certificate, account.client_key
            ),
            keeper=_keeper(account.name, lookup),
            retry_policy=retry_policy,
        ),
    )


def _refuse_incomplete(account: str, vendor: Connector, values: Mapping[str, str]) -> None:
    """Say what each way to sign in lacks, the one that lacks least first."""
    if complete_way(vendor.auth, values):
        return
    lacking = [(way, *missing_of(way, values)) for way in vendor.auth.ways]
    lacking.sort(key=lambda one: len(one[1]) + len(one[2]))
    ways = "; ".join(_lack(account, way.title, *names) for way, *names in lacking)
    if not lacking[0][1]:
        raise ConfigurationError(f"no way to sign in is complete: {ways}")
    block = secret_block(account, lacking[0][1][0])
    raise MissingSecretError(
        f"{account}: no way to sign in is complete: {ways}. Prefect Secret blocks do as well, such"
        f" as {block}"
    )


def _lack(account: str, title: str, secrets: Sequence[str], settings: Sequence[str]) -> str:
    names = [f"the secret {name} ({secret_variable(account, name)})" for name in secrets]
    return f"{title} wants {', '.join([*names, *(f'the setting {name}' for name in settings)])}"


@dataclass(frozen=True, slots=True)
class _Block:
    """The Prefect Secret block that a refresh token comes from, to be written back."""

    blocks: SecretBlocks
    name: str

    def read(self) -> str | None:
        return self.blocks(self.name)

    def write(self, value: str) -> bool:
        return self.blocks.write(self.name, value)


def _keeper(account: str, lookup: SecretLookup | None) -> Keeper:
    """Rotated tokens go back to where the first one came from: a block, or a file for variables."""
    path = tokens_folder() / f"{account}.json"
    is_variable = bool(given_secret(secret_variable(account, "refresh_token")))
    if is_variable or not isinstance(lookup, SecretBlocks):
        return Keeper(path)
    return Keeper(path, _Block(lookup, secret_block(account, "refresh_token")))


def _refuse_unknown(account: AccountSettings, vendor: Connector) -> None:
    """A misspelt setting would change nothing, silently."""
    known = (*vendor.settings, *vendor.optional_settings)
    for name in sorted(set(account.model_extra or {}) - set(known)):
        near = get_close_matches(name, [*known, *AccountSettings.model_fields], n=1)
        advice = f"did you mean {near[0]}?" if near else f"{vendor.title} has {', '.join(known)}"
        raise ConfigurationError(f"no setting {name!r}; {advice}")


def _refuse_fields_not_read(account: AccountSettings, vendor: Connector) -> None:
    """Fields of records whose own fields the connector does not read would stay empty."""
    read_types = sorted({*(one.record_type for one in vendor.own_fields), *_in_files(account)})
    for name, field in account.fields.items():
        if field.of not in read_types:
            there = f"those of the {', '.join(read_types)} are" if read_types else "none are"
            raise ConfigurationError(
                f"fields.{name}: {vendor.title}'s own fields of the {field.of} are not read;"
                f" {there}"
            )


def _in_files(account: AccountSettings) -> list[str]:
    """Kinds of records of whose own fields an account of files has a table."""
    if account.connector != FILES_CONNECTOR:
        return []
    return [kind for kind in ENTITY_OF if account.own.get(f"{kind}_fields")]


def _table_spec(stream: Stream) -> TableSpec:
    """What is declared of the table that a stream of files reads."""
    own = stream.outputs[0].transform
    assert isinstance(own, TableRows)  # `files` declares no other streams
    return own.spec


def _table_settings(account: Mapping[str, object], stream: Stream) -> TableSettings | None:
    spec = _table_spec(stream)
    extras = tuple(column.name for column in spec.extras)
    return table_of(account, spec.name, spec.entity, extras)


def desk_of(account: AccountSettings, stream: Stream) -> str:
    """The helpdesk's account whose tickets and agents the rows of a table name; else nothing.

    Raises ConfigurationError for a table whose settings cannot be.
    """
    if account.connector != FILES_CONNECTOR:
        return ""
    table = _table_settings(account.own, stream)
    return table.desk if table else ""


def _read_files(
    client: Client, stream: Stream, window: Window, bookmark: Bookmark, resume: Resume | None
) -> Iterator[ReceivedPage]:
    """What is new in the files or the query of a table; nothing where nothing changed."""
    if resume and resume.get("done"):
        return
    account = client.account
    table = _table_settings(account.settings, stream)
    if table is None:
        raise NotInPlanError(f"{account.name}: no file or query is set for {stream.name}")
    query = partial(_query, account)
    reader = TableReader(_table_spec(stream), table, window.start, query)
    after = str(resume.get("file", "")) if resume else ""
    for page in reader.pages(bookmark.cursor, after):
        yield from _received(stream, page)
    client.remarks[stream.name] = list(dict.fromkeys(reader.warnings))


def _received(stream: Stream, page: FilePage) -> Iterator[ReceivedPage]:
    """A page of a file, before it what was recognised of the file."""
    request = Request(stream.path, {"file": page.file.rpartition("/")[2]})
    if page.facts:
        facts = msgspec.json.encode(page.facts)
        document = decode(stream, PARENT_DOCUMENT, facts)
        yield ReceivedPage(PARENT_DOCUMENT, None, request, facts, document, now())
    body = msgspec.json.encode({"rows": page.rows})
    resume = DONE if page.cursor is not None else {"file": page.file} if page.is_last else None
    content = decode(stream, MAIN, body)
    yield ReceivedPage(MAIN, None, request, body, content, now(), resume=resume, cursor=page.cursor)


def _query(
    account: Account, statement: str, values: Mapping[str, object]
) -> list[Mapping[str, object]]:
    """The rows of a query on the database of the account."""
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
            rows = session.execute(statement, values or None).mappings()
            return [dict(row) for row in rows]
    except NoTablesError as missing:  # in a database that is not ours: no run would make it
        said = str(missing).rpartition("): ")[2]
        raise StorageError(f"{account.name}: the database of the query: {said}") from None
    finally:
        database.dispose()


def streams_of(
    account: AccountSettings,
    chosen: Choices = (),
) -> list[Stream]:
    """The streams that are read for an account, with the outputs of its chosen fields.

    Raises ConfigurationError for a stream or a setting that does not exist.
    """
    try:
        _refuse_unknown(account, connector(account.connector))
    except ConfigurationError as wrong:
        raise ConfigurationError(f"account {account.name}: {wrong}") from None
    streams = _streams(account.connector, chosen)
    known = {stream.name for stream in streams}
    unknown = sorted({*account.deselect, *account.select} - known)
    if unknown:
        raise ConfigurationError(
            f"account {account.name}: no stream {', '.join(unknown)}; {account.connector} has"
            f" {', '.join(sorted(known))}"
        )
    selected = [
        s
        for s in streams
        if s.name not in account.deselect and (s.enabled or s.name in account.select)
    ]
    if connector(account.connector).base_url == FILES:
        return [_of_files(account, stream) for stream in selected if account.own.get(stream.name)]
    return selected


def _of_files(account: AccountSettings, stream: Stream) -> Stream:
    """A table of which a run reads only what is new keeps the rows that it has."""
    table = _table_settings(account.own, stream)
    is_whole = table is None or table.is_whole
    return stream if is_whole else replace(stream, sync=FullRefresh(replaces=False))


@cache
def _streams(
    vendor: str,
    chosen: Choices,
) -> tuple[Stream, ...]:
    """The vendor's streams; made once, because the reader of each is compiled once."""
    declared = connector(vendor)
    return with_fields(declared.streams, declared.own_fields, chosen)


def read(
    client: Client,
    stream: Stream,
    window: Window,
    bookmark: Bookmark,
    *,
    resume: Resume | None = None,
    partitions: Sequence[Page] = (),
    known: Mapping[str, datetime] | None = None,
) -> Iterator[ReceivedPage]:
    """Pages of one batch, from `resume` on if it was cut.

    `known` are tickets by their version; their children are not asked for again.
    """
    if client.connector.base_url == FILES:
        return _read_files(client, stream, window, bookmark, resume)
    return Reading(client, stream, window, bookmark, known).pages(resume, partitions)
