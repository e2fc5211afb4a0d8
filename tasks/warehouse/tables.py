"""Every table that SQLAlchemy creates.

Entities are in `source`, the run log in `ops`, models in `staging`, `core` and `marts`.
"""

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from tasks.entities import ENTITIES, Column, Entity, Kind
from tasks.errors import ConfigurationError

FIELD_COLUMN = "field_"  # columns of chosen fields begin with it
BUILT = ("staging", "core", "marts")  # schemas whose tables are built from others
SCHEMAS = ("source", "staging", "core", "marts", "ops")
Table = sa.Table
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")

# the last rows of the pipeline's bookkeeping on every source table
BOOKKEEPING = (
    Column("account", "text", "Account the row belongs to", required=True),
    Column("connector", "text", "Vendor of the account", required=True),
)
ORIGIN = (
    Column("loaded_stream", "text", "Stream that brought the row", required=True),
    Column("loaded_batch", "text", "Landed batch that brought the row", required=True),
    Column("page_number", "whole", "Landed page of the batch"),
    Column("record_number", "whole", "Record of the page, from 0"),
    Column("received_at", "instant", "When the page was received", required=True),
)


_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "whole": sa.BigInteger(),
    "number": sa.Double(),
    "money": sa.Numeric(18, 4),
    "flag": sa.Boolean(),
    "instant": sa.TIMESTAMP(timezone=True),
    "day": sa.Date(),
}


def sql_type(kind: str) -> sa.types.TypeEngine[Any]:
    """SQLAlchemy type of a column kind."""
    return _TYPES[kind]


def table(
    schema: str,
    name: str,
    columns: Iterable[Column],
    description: str,
    key: tuple[str, ...] = (),
    *,
    is_own: bool = False,
) -> sa.Table:
    """A described table; `is_own` if the folder of the settings file brings it.

    Names come from our own files and must be plain identifiers; else ConfigurationError.
    """
    made = []
    for column in columns:
        _plain(column.name)
        made.append(
            sa.Column(
                column.name,
                sql_type(column.kind),
                nullable=not column.required,
                comment=column.description or None,
                info={"kind": column.kind},
            )
        )
    return sa.Table(
        _plain(name),
        sa.MetaData(),
        *made,
        schema=_plain(schema),
        comment=description,
        info={"key": key, "is_own": is_own, "derived": {}, "primary": (), "links": ()},
    )


def written_columns(described: sa.Table) -> list[sa.Column[Any]]:
    """The columns that a row brings: all but the keys that are made of them."""
    return [c for c in described.columns if c.name not in described.info["derived"]]


def field_column(name: str) -> Column:
    """The column of a chosen field."""
    return Column(
        FIELD_COLUMN + name,
        "text",
        f"Value of the chosen field {name}, several joined by ', '; null if it is empty or the"
        " settings no longer choose it",
    )


def with_columns(described: sa.Table, more: Iterable[Column]) -> sa.Table:
    """The same table with more columns."""
    columns = [
        Column(str(c.name), c.info["kind"], c.comment or "", not c.nullable)
        for c in described.columns
    ]
    made = table(
        str(described.schema),
        described.name,
        [*columns, *more],
        described.comment or "",
        described.info["key"],
    )
    made.info.update(described.info)
    return made


def _plain(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not a plain table or column name")
    return name


def source_columns(entity: Entity) -> tuple[Column, ...]:
    """Columns of an entity's table in `source`."""
    return (*BOOKKEEPING, *entity.columns, *ORIGIN)


def source_table(entity: Entity) -> sa.Table:
    """`source.<entity>`."""
    return table(
        "source", entity.name, source_columns(entity), entity.description, ("account", *entity.key)
    )


def _ops(name: str, description: str, key: tuple[str, ...], *columns: Column) -> sa.Table:
    return table("ops", name, columns, description, key)


def _c(name: str, kind: Kind, description: str, *, required: bool = False) -> Column:
    return Column(name, kind, description, required)


RUN = _ops(
    "run",
    "One row a run of the pipeline",
    ("run_id",),
    _c("run_id", "text", "Id of the run", required=True),
    _c("kind", "text", "daily, backfill or replay", required=True),
    _c("started_at", "instant", "Began", required=True),
    _c("ended_at", "instant", "Ended; null while it runs or if it was killed"),
    _c("as_of", "instant", "Instant for which the numbers were made"),
    _c("state", "text", "running, completed, partly or failed", required=True),
    _c("message", "text", "What a person should know"),
)
BATCH = _ops(
    "batch",
    "One row a landed batch that was loaded",
    ("batch_id",),
    _c("batch_id", "text", "Id of the batch", required=True),
    _c("run_id", "text", "Run that loaded it", required=True),
    _c("connector", "text", "Vendor", required=True),
    _c("account", "text", "Account", required=True),
    _c("stream", "text", "Stream", required=True),
    _c("window_start", "instant", "Window asked for, start included"),
    _c("window_end", "instant", "Window asked for, end not included"),
    _c("pages_count", "whole", "Pages landed"),
    _c("records_count", "whole", "Records on them"),
    _c("rows_count", "whole", "Entity rows made of them"),
    _c("changed_count", "whole", "Rows that were new or different"),
    _c("quarantined_count", "whole", "Rows set aside"),
    _c("loaded_at", "instant", "Loaded at", required=True),
)
BOOKMARK = _ops(
    "bookmark",
    "How far each stream has been read",
    ("account", "stream"),
    _c("account", "text", "Account", required=True),
    _c("stream", "text", "Stream", required=True),
    _c("value", "text", "Instant, cursor or partitions, as JSON", required=True),
    _c("batch_id", "text", "Batch that moved it", required=True),
    _c("updated_at", "instant", "Moved at", required=True),
)
QUARANTINE = _ops(
    "quarantine",
    "Rows that broke a rule; the raw record lies in the landed page",
    ("batch_id", "entity", "row_number"),
    _c("batch_id", "text", "Batch", required=True),
    _c("entity", "text", "Entity the row would have been", required=True),
    _c("row_number", "whole", "Number within the batch and entity", required=True),
    _c("connector", "text", "Vendor", required=True),
    _c("account", "text", "Account", required=True),
    _c("stream", "text", "Stream", required=True),
    _c("page_number", "whole", "Landed page"),
    _c(
        "record_number",
        "whole",
        "Record of the page, from 0; null for a record that could not be read",
    ),
    _c("record_key", "text", "Key of the row, as far as known"),
    _c("rule", "text", "Rule that was broken", required=True),
    _c("reason", "text", "What is wrong, for a person", required=True),
    _c("found_at", "instant", "Found at", required=True),
    _c(
        "state",
        "text",
        "open, replayed once a later load brought the row, or dismissed",
        required=True,
    ),
)
VALIDATION = _ops(
    "validation",
    "Result of every rule that was applied",
    ("run_id", "subject", "batch_id", "rule"),
    _c("run_id", "text", "Run", required=True),
    _c("subject", "text", "Entity or mart", required=True),
    _c("batch_id", "text", "Batch; empty for a mart", required=True),
    _c("rule", "text", "Rule", required=True),
    _c("level", "text", "row, batch or warn", required=True),
    _c("is_met", "flag", "Rule held", required=True),
    _c("unexpected_count", "whole", "Rows that broke it"),
    _c("rows_count", "whole", "Rows looked at"),
)
DRIFT = _ops(
    "drift",
    "Fields of vendors' records that appeared, vanished or changed their type",
    ("account", "stream", "field"),
    _c("account", "text", "Account", required=True),
    _c("stream", "text", "Stream", required=True),
    _c("field", "text", "Field of the raw record", required=True),
    _c("kind", "text", "JSON type last seen", required=True),
    _c("state", "text", "known, new, vanished or retyped", required=True),
    _c("seen_at", "instant", "Last noticed at", required=True),
)
TABLE_STATE = _ops(
    "table_state",
    "Counts the changes of every table, so that models know whether they are out of date",
    ("table_name",),
    _c("table_name", "text", "Schema and table", required=True),
    _c("changes_count", "whole", "Loads or builds that changed it", required=True),
    _c("changed_at", "instant", "Last change", required=True),
)
MODEL_RUN = _ops(
    "model_run",
    "Latest build of every model",
    ("model",),
    _c("model", "text", "Schema and table", required=True),
    _c("run_id", "text", "Run", required=True),
    _c(
        "inputs",
        "text",
        "State of inputs, SQL and parameters it was built from, as JSON",
        required=True,
    ),
    _c("rows_count", "whole", "Rows in the table"),
    _c("changed_count", "whole", "Rows that the build changed"),
    _c("seconds", "number", "Time of the build, seconds"),
    _c("built_at", "instant", "Built at", required=True),
)
WATERMARK = _ops(
    "watermark",
    "Instant up to which readers may trust the tables",
    ("subject",),
    _c("subject", "text", "marts, or an account", required=True),
    _c("until", "instant", "Complete up to", required=True),
    _c("run_id", "text", "Run that moved it", required=True),
    _c("moved_at", "instant", "Moved at", required=True),
)
REPORTING_ZONE = _ops(
    "reporting_zone",
    "What the run's numbers are made for: one row a business time zone",
    ("time_zone",),
    _c("time_zone", "text", "Time zone whose days the daily tables count (IANA)", required=True),
    _c("is_main", "flag", "The main one, whose days the facts carry", required=True),
    _c("as_of", "instant", "Instant for which the numbers are made", required=True),
    _c("last_day", "day", "Last complete local day", required=True),
)
REPORTING_SETTING = _ops(
    "reporting_setting",
    "One row: settings that the models read",
    (),
    _c("time_zone", "text", "Main business time zone (IANA)", required=True),
    _c("currency", "text", "Reporting currency (ISO)", required=True),
    _c(
        "recontact_days",
        "whole",
        "A requester who comes again within so many days was not helped at first contact",
        required=True,
    ),
    _c(
        "exchange_rate_days",
        "whole",
        "Days that an exchange rate holds, unless a later one replaces it",
    ),
    _c("fiscal_year_month", "whole", "First month of the fiscal year, 1 to 12"),
)
ACCOUNT_MARK = _ops(
    "account_mark",
    "Lists of the accounts' settings that the models read",
    ("account", "kind", "value"),
    _c("account", "text", "Account", required=True),
    _c("kind", "text", "bot, escalation_team or escalate_on_raise", required=True),
    _c("value", "text", "Author, team or 'true'", required=True),
)
ACCOUNT_MAPPING = _ops(
    "account_mapping",
    "What the accounts' settings say a status, priority, channel, SLA metric, team or a value of a"
    " field means",
    ("account", "kind", "value"),
    _c("account", "text", "Account", required=True),
    _c(
        "kind",
        "text",
        "status, priority, channel, sla_metric, team, or field: and the name of a field",
        required=True,
    ),
    _c("value", "text", "Vendor's value or label, in lower case", required=True),
    _c("meaning", "text", "Unified value, name of the team or of the field's value", required=True),
)
ACCOUNT_FIELD = _ops(
    "account_field",
    "The vendors' own fields that the accounts' settings name, as the latest build knew them",
    ("account", "name"),
    _c("account", "text", "Account", required=True),
    _c("name", "text", "Name that the settings give the field", required=True),
    _c("record_type", "text", "ticket, customer or organization", required=True),
    _c("wanted", "text", "The field as the settings name it: id, key or label", required=True),
    _c("field_id", "text", "Vendor's id or key of the field", required=True),
    _c(
        "kind",
        "text",
        "text, number, date, flag, one, many or cascade; null where no list of the vendor says",
    ),
    _c("is_slice", "flag", "KPIs are given by its values", required=True),
    _c("chosen_at", "instant", "Begin of the first run that read it", required=True),
    _c("filled_by", "text", "Command that fills its past: replay or backfill"),
    _c("problem", "text", "Why it is not read, or what is not certain; null if nothing"),
)
SLICE_SETTING = _ops(
    "slice_setting",
    "One row: settings of marts.kpi_slice_daily",
    (),
    _c(
        "most_values",
        "whole",
        "Values of a field that stand for themselves; the rest is summed as 'other values'",
        required=True,
    ),
)
STANDARD_SLICE = _ops(
    "standard_slice",
    "Slices of marts.kpi_slice_daily that need no field of the vendor, as the settings name them",
    ("name",),
    _c(
        "name",
        "text",
        "organization, organization_country or agent_time_zone",
        required=True,
    ),
)
CHANGED_TICKET = _ops(
    "changed_ticket",
    "Tickets whose rows were loaded since the last build; emptied by the build",
    ("account", "ticket_id"),
    _c("account", "text", "Account", required=True),
    _c("ticket_id", "text", "Ticket", required=True),
)
ALERT = _ops(
    "alert",
    "What looks wrong though nothing failed: sources that went quiet, days unlike others, sources"
    " not read for long, values that nobody has given a meaning, money without an exchange rate",
    ("subject", "kind"),
    _c("subject", "text", "Account, and entity or stream", required=True),
    _c(
        "kind",
        "text",
        "quiet, volume, behind, unknown, schedule, field, rate, missing or ghost",
        required=True,
    ),
    _c("description", "text", "What a person should know", required=True),
    _c("first_at", "instant", "First noticed at", required=True),
    _c("last_at", "instant", "Last noticed at", required=True),
    _c("is_open", "flag", "Noticed by the latest run", required=True),
)
NOTIFICATION = _ops(
    "notification",
    "One row a message and channel",
    ("run_id", "channel"),
    _c("run_id", "text", "Run that the message is about", required=True),
    _c("channel", "text", "slack, teams or email", required=True),
    _c(
        "topic",
        "text",
        "Fingerprint of the message; the same trouble is reported once a day",
        required=True,
    ),
    _c("is_ok", "flag", "The message reported that all is well", required=True),
    _c(
        "state",
        "text",
        "delivered, unknown (no answer: it may have come through) or failed",
        required=True,
    ),
    _c("message", "text", "Why it was not delivered"),
    _c("sent_at", "instant", "Sent at", required=True),
)
ERASED = _ops(
    "erased",
    "Keyed fingerprints of erased persons: the next sync or replay does not bring them back",
    ("account", "fingerprint"),
    _c("account", "text", "Account", required=True),
    _c(
        "fingerprint",
        "text",
        "HMAC-SHA256 of account and customer id under the erasure key; the id itself is not kept",
        required=True,
    ),
    _c("pseudonym", "text", "What stands for the person in rows that stay", required=True),
    _c("erased_at", "instant", "Erased at", required=True),
)
RECONCILIATION = _ops(
    "reconciliation",
    "One row a stream, entity and window that was compared with the vendor",
    ("run_id", "account", "stream", "entity"),
    _c("run_id", "text", "Run", required=True),
    _c("account", "text", "Account", required=True),
    _c("stream", "text", "Stream", required=True),
    _c("entity", "text", "Entity", required=True),
    _c("window_start", "instant", "Window compared, start included", required=True),
    _c("window_end", "instant", "Window compared, end not included", required=True),
    _c("vendor_count", "whole", "Records that the vendor reports", required=True),
    _c(
        "warehouse_count",
        "whole",
        "Of the window's rows, those that the warehouse had before",
        required=True,
    ),
    _c(
        "missing_count",
        "whole",
        "Told by the vendor and not in the warehouse: loaded now",
        required=True,
    ),
    _c(
        "different_count",
        "whole",
        "In both, with other values: brought up to date now",
        required=True,
    ),
    _c(
        "ghost_count",
        "whole",
        "In the warehouse and no longer reported: marked as deleted now",
        required=True,
    ),
    _c("compared_at", "instant", "Compared at", required=True),
)
FORECAST_PUBLISHED = _ops(
    "forecast_published",
    "Forecasts of each day 1, 7, 14 and 28 days before, as published then; never computed again",
    ("account", "team_id", "day", "lead_days"),
    _c("account", "text", "Account", required=True),
    _c("team_id", "text", "Team", required=True),
    _c("day", "day", "Local day that was forecast", required=True),
    _c("lead_days", "whole", "Days after the last one that the forecast knew", required=True),
    _c("model", "text", "Way of forecasting", required=True),
    _c("expected_tickets", "number", "Mean expected", required=True),
    _c("low_80", "number", "Lower bound of the 80 % interval", required=True),
    _c("high_80", "number", "Upper bound", required=True),
    _c("low_95", "number", "Lower bound of the 95 % interval", required=True),
    _c("high_95", "number", "Upper bound", required=True),
    _c("run_id", "text", "Run that published it first", required=True),
    _c(
        "published_at",
        "instant",
        "When; later than the day if a past day was forecast afterwards",
        required=True,
    ),
)
SCHEMA_VERSION = _ops(
    "schema_version",
    "Migrations applied",
    ("version",),
    _c("version", "whole", "Number of the migration", required=True),
    _c("description", "text", "What it did", required=True),
    _c("applied_at", "instant", "Applied at", required=True),
)
OWN_TABLE = _ops(
    "own_table",
    "Tables that the folder of the settings file adds, so that those it no longer has are dropped",
    ("table_name",),
    _c("table_name", "text", "Schema and table", required=True),
    _c("shape", "text", "Fingerprint of columns and grain; another one makes it again"),
    _c("texts", "text", "Fingerprint of the descriptions, which are its comments"),
    _c("noted_at", "instant", "Noted at", required=True),
)
OPS = (
    RUN,
    BATCH,
    BOOKMARK,
    QUARANTINE,
    VALIDATION,
    DRIFT,
    TABLE_STATE,
    MODEL_RUN,
    WATERMARK,
    REPORTING_ZONE,
    REPORTING_SETTING,
    ACCOUNT_MARK,
    ACCOUNT_MAPPING,
    ACCOUNT_FIELD,
    SLICE_SETTING,
    STANDARD_SLICE,
    CHANGED_TICKET,
    ALERT,
    NOTIFICATION,
    ERASED,
    RECONCILIATION,
    FORECAST_PUBLISHED,
    SCHEMA_VERSION,
    OWN_TABLE,
)
SOURCE = {name: source_table(entity) for name, entity in ENTITIES.items()}
