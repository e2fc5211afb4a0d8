"""Read every setting once: from `support_etl.toml`, with environment variables over it.

SUPPORT_ETL_PROFILE chooses a section of the file such as [profiles.dev], which changes the others.
Any setting can be given as SUPPORT_ETL_<SECTION>__<NAME>, such as SUPPORT_ETL_WAREHOUSE__URL.

Secrets never stand in the file. A secret of an account is SUPPORT_ETL_SECRET_<ACCOUNT>_<NAME>, or
the content of the file that SUPPORT_ETL_SECRET_<ACCOUNT>_<NAME>_FILE names, or a Prefect Secret
block named support-etl-<account>-<name>. Tokens that a vendor rotates are kept in the folder
SUPPORT_ETL_TOKENS; without it in .support_etl/tokens next to the settings file.
"""

import base64
import json
import logging
import os
import re
import tomllib
import urllib.parse
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    Protocol,
    Self,
    TypeGuard,
    TypeVar,
    get_args,
    runtime_checkable,
)

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tasks.errors import ConfigurationError, MissingSecretError
from tasks.paths import settings_file
from tasks.profiles import with_profile
from tasks.public_holidays import parse_regions
from tasks.weekly import parse_hours, parse_shift

SecretLookup = Callable[[str], str | None]
_PREFIX = "SUPPORT_ETL_"
_OF_ACCOUNTS = f"{_PREFIX}SECRET_"
_NO_SETTINGS = {  # variables of ours that are no settings
    *("CONFIG", "HOME", "MIGRATE_TO", "PROFILE", "TOKENS"),
    *("TEST_SEED",),
}


@runtime_checkable
class SecretBlocks(Protocol):
    """A lookup of secrets that can be written, too."""

    def __call__(self, name: str, /) -> str | None:
        """The value of a block; None if there is no such block."""

    def write(self, name: str, value: str) -> bool:
        """Put a new value into a block that is there; whether that worked."""


_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_FILE = "_FILE"  # ends the name of a variable that names a file with the secret


def _readable(parse: Callable[[str], object]) -> AfterValidator:
    """A check that a text can be read; pydantic names the setting."""

    def check(value: str) -> str:
        try:
            if value:
                parse(value)
        except ConfigurationError as wrong:
            raise ValueError(str(wrong)) from None
        return value

    return AfterValidator(check)


def _one_text(value: object) -> object:
    """A list of texts as one text, so that both ways to write it are right."""
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else value


def _iana(zone: str) -> str:
    from zoneinfo import available_timezones

    if zone not in available_timezones():
        raise ValueError(f"{zone!r} is not an IANA time zone such as Europe/Berlin")
    return zone


OpeningHours = Annotated[str, BeforeValidator(_one_text), _readable(parse_hours)]
HolidayRegions = Annotated[str, BeforeValidator(_one_text), _readable(parse_regions)]
ShiftText = Annotated[str, _readable(parse_shift)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WarehouseSettings(_Section):
    """Where the tables are."""

    url: str = Field(
        "duckdb:///warehouse.duckdb",
        description="URL of the warehouse: duckdb:///file or postgresql://user@host/database",
    )
    published: str = Field(
        "", description="File of the read-only copy for BI tools (DuckDB only); empty: no copy"
    )
    memory_limit: str = Field(
        "", description="DuckDB's memory limit, such as 2GB; empty: DuckDB's default"
    )
    threads: int = Field(
        0,
        description=(
            "DuckDB threads; 0: one for each core. 1 uses the least processor time on small data"
        ),
        ge=0,
    )


class LandingSettings(_Section):
    """Where received pages are kept."""

    url: str = Field("landing", description="Folder or fsspec URL, such as s3://bucket/support")
    resume_hours: float = Field(
        24, description="Hours an interrupted batch can be resumed before it restarts", ge=0
    )


class ReportSettings(_Section):
    """Where reports are written."""

    folder: str = Field(
        "reports", description="Folder for the page, the spreadsheet and the Data Docs of each run"
    )


class BusinessSettings(_Section):
    """Calendar and currency of the daily tables."""

    time_zone: str = Field("UTC", description="IANA time zone whose days the daily tables count")
    more_time_zones: tuple[str, ...] = Field(
        (), description="More IANA time zones for the daily tables"
    )
    currency: str = Field(
        "USD", description="ISO currency of the budget tables", pattern="^[A-Z]{3}$"
    )
    fiscal_year_month: int = Field(
        1,
        description=(
            "Month in which the fiscal year begins; the year is named after the one in which"
            " it ends"
        ),
        ge=1,
        le=12,
    )
    default_hours: OpeningHours = Field(
        "Mon-Fri 09:00-17:00",
        description=(
            "Opening hours of accounts without a schedule, such as"
            " `Mon-Fri 08:00-12:00 13:00-17:00, Sat 22:00-06:00` or `24x7`"
        ),
        min_length=1,
    )
    holiday_country: HolidayRegions = Field(
        "",
        description=(
            "Countries or regions whose public holidays close the default hours, such as `DE`,"
            " `DE-BY, AT` or `DE-BY:catholic`"
        ),
    )
    first_day: date | None = Field(
        None, description="First day of the daily tables; default: the day of the first ticket"
    )
    exchange_rate_days: int = Field(
        400,
        ge=1,
        description=(
            "Days that an exchange rate holds, unless a later one replaces it; money"
            " without one is in no sum, and an alert says so"
        ),
    )
    recontact_days: int = Field(
        7,
        description=(
            "Days within which a new ticket of the same requester means no first contact resolution"
        ),
        ge=0,
        le=60,
    )

    @field_validator("time_zone", "more_time_zones")
    @classmethod
    def _known_zone(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for zone in (value,) if isinstance(value, str) else value:
            _iana(zone)
        return value

    @property
    def zones(self) -> tuple[str, ...]:
        """Every business time zone once, the main one first."""
        return tuple(dict.fromkeys((self.time_zone, *self.more_time_zones)))


class SliceSettings(_Section):
    """KPIs by the fields that the accounts choose, and by what all tickets have."""

    standard: tuple[Literal["organization", "organization_country", "agent_time_zone"], ...] = (
        Field(
            (),
            description=(
                "Slices that need no field of the vendor: organization and organization_country of"
                " the requester, agent_time_zone of the assignee (where an agent works)"
            ),
        )
    )
    most_values: int = Field(
        50,
        description=(
            "Values of a field that stand for themselves in marts.kpi_slice_daily: those that most"
            " tickets have; the rest is summed as 'other values'"
        ),
        ge=1,
        le=10_000,
    )


class PlanningSettings(_Section):
    """Assumptions of the staffing and budget tables, for what no file and no vendor says."""

    handle_minutes: float = Field(18, description="Minutes of agent work for each ticket", gt=0)
    paid_hours_per_day: float = Field(
        8, description="Paid hours of a full-time agent on a day", gt=0
    )
    shrinkage_share: float = Field(
        0.30,
        description="Share of paid time not available for contacts: leave, training, breaks",
        ge=0,
        lt=1,
    )
    occupancy_share: float = Field(
        0.85, description="Share of available time that can be spent on tickets", gt=0, le=1
    )
    monthly_cost_per_fte: float = Field(
        5200, description="Cost of a full-time agent a month, overhead included", ge=0
    )
    horizon_days: int = Field(28, description="Days to forecast", ge=1, le=92)
    quantile: Literal["mean", "q50", "q75", "high_80", "q95"] = Field(
        "mean",
        description="Volume to plan people for: the expected mean, or a quantile of the forecast",
    )
    live_channels: tuple[str, ...] = Field(
        ("phone", "chat"),
        description="Channels whose customers wait on the line; all others are answered later",
    )
    live_share: float = Field(
        0.80, description="Share of live contacts to answer within live_seconds", gt=0, lt=1
    )
    live_seconds: float = Field(
        20, description="Seconds within which live contacts are answered", ge=0
    )
    live_occupancy: float = Field(
        0.85,
        description="Largest share of their time that agents on live channels are busy",
        gt=0,
        le=1,
    )
    live_abandoned: float = Field(
        1.0, description="Largest share of live customers that may give up; 1: no limit", gt=0, le=1
    )
    patience_seconds: float | None = Field(
        None,
        description=(
            "Mean seconds until a waiting customer gives up; none: nobody gives up (needs"
            " more people)"
        ),
        gt=0,
    )
    chat_concurrency: int = Field(2, description="Chats that one agent handles at once", ge=1)
    deferred_share: float = Field(
        0.90, description="Share of other contacts to answer within deferred_hours", gt=0, lt=1
    )
    deferred_hours: float = Field(
        8, description="Open hours within which other contacts are answered", gt=0
    )
    handle_spread: float = Field(
        1.0,
        description=(
            "Standard deviation of handle times over their mean, where too few were measured; 0:"
            " all contacts take the same time"
        ),
        ge=0,
        le=5,
    )
    yearly_attrition_share: float = Field(
        0.25, description="Share of agents that leave in a year", ge=0, lt=1
    )
    headcount_months: int = Field(
        12, description="Months of the headcount plan, the present one included", ge=1, le=24
    )
    hiring_lead_months: int = Field(
        2, description="Months from the request for an agent to the first day of work", ge=0, le=24
    )
    ramp_shares: tuple[float, ...] = Field(
        (0.0, 0.5, 0.8),
        description="Output of a new agent in each month since joining; after these months it is 1",
    )
    shifts: tuple[ShiftText, ...] = Field(
        (),
        description=(
            "Shift patterns of the rosters, such as 'Mon-Fri 08:00-16:30 break 30' or, over"
            " midnight, 'Sun-Thu 22:00-06:00 break 30'"
        ),
    )
    roster_days: int = Field(14, description="Days of the rosters", ge=1, le=28)
    models: Literal["full", "floor"] = Field(
        "full", description="Forecast methods: full, or floor (averages only, fast)"
    )
    engine: str = Field(
        "",
        description=(
            "Where the forecast is computed; empty: here; or a Dask scheduler, such as"
            " dask:tcp://10.0.0.5:8786"
        ),
        pattern=r"^(dask:\w+://.+)?$",
    )
    interval_minutes: Literal[15, 30, 60] = Field(
        30, description="Minutes of an interval within a day"
    )
    interval_days: int = Field(28, description="Days to forecast by interval", ge=1, le=28)


class RuleSettings(_Section):
    """When a batch is refused, and what raises an alert."""

    quarantine_limit_share: float = Field(
        0.5, description="Refuse a batch if a larger share of its rows is bad", ge=0, le=1
    )
    behind_hours: float = Field(
        26, description="Alert when a stream has not been read for more hours than this", gt=0
    )
    unexplained_limit_share: float = Field(
        0.05,
        description=(
            "Alert when a larger share of a measure's figures differs from the vendor's own"
            " without an explanation (tickets opened in the last eight weeks)"
        ),
        ge=0,
        le=1,
    )


class NotificationSettings(_Section):
    """Who gets a message about the outcome of a run.

    Secrets: SUPPORT_ETL_SECRET_NOTIFICATIONS_SLACK_URL, _TEAMS_URL, _SMTP_PASSWORD.
    """

    when: Literal["trouble", "always"] = Field(
        "trouble",
        description=("trouble: failures once a day, and recovery; always: every run"),
    )
    slack: bool = Field(False, description="Post to a Slack incoming webhook")
    teams: bool = Field(False, description="Post to a Microsoft Teams Workflows webhook")
    email_to: tuple[str, ...] = Field((), description="Recipients of the e-mail")
    email_from: str = Field("", description="Sender of the e-mail")
    smtp_host: str = Field("", description="Mail server")
    smtp_port: int = Field(587, description="Port of the mail server", ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description=(
            "Protection of the connection to the mail server; none only on the same machine"
        ),
    )
    smtp_user: str = Field("", description="Login at the mail server; empty: no login")
    report_link: str = Field(
        "",
        description=(
            "Address of the report for people, such as https://files.example/support/latest.html"
        ),
        pattern=r"^(https?://\S+)?$",
    )
    engineer_link: str = Field(
        "",
        description="Address for the engineer, such as Prefect's",
        pattern=r"^(https?://\S+)?$",
    )
    ca_bundle: str = Field("", description="File with a private certificate authority")
    proxy: str = Field("", description="Proxy URL")


class MonitoringSettings(_Section):
    """What other tools see of a run: metrics for Prometheus, OpenLineage events.

    Secret, where the address of the events wants one: SUPPORT_ETL_SECRET_LINEAGE_API_KEY.
    """

    metrics_file: str = Field(
        "",
        description=(
            "File for the textfile collector of Prometheus' node exporter, ending in .prom; each"
            " run writes it. Empty: none"
        ),
        pattern=r"^(.+\.prom)?$",
    )
    lineage_file: str = Field(
        "", description="File to which each run appends its OpenLineage events; empty: none"
    )
    lineage_url: str = Field(
        "",
        description=(
            "Address to post OpenLineage events to, such as"
            " https://marquez.example/api/v1/lineage; empty: none"
        ),
        pattern=r"^(https?://\S+)?$",
    )
    lineage_namespace: str = Field(
        "support-etl", description="Namespace of the jobs in OpenLineage events", min_length=1
    )


class SecretsSettings(_Section):
    """A secret manager to ask for secrets that the environment does not have.

    Secrets of Vault itself: SUPPORT_ETL_SECRET_VAULT_TOKEN, or _ROLE_ID and _SECRET_ID (AppRole).
    """

    vault_url: str = Field(
        "",
        description=(
            "Address of HashiCorp Vault, such as https://vault.example:8200; empty: not asked"
        ),
        pattern=r"^(https?://\S+)?$",
    )
    vault_mount: str = Field("secret", description="Key/value store, version 2, to read from")
    vault_path: str = Field(
        "support-etl",
        description=(
            "Secret in that store; its keys are named like Prefect's blocks, such as"
            " support-etl-zendesk-main-api-token"
        ),
    )
    vault_namespace: str = Field("", description="Namespace of Vault Enterprise; empty: none")
    vault_role: str = Field(
        "", description="Role to sign in with as a Kubernetes service account; empty: not so"
    )
    ca_bundle: str = Field("", description="File with a private certificate authority of Vault")
    command: tuple[str, ...] = Field(
        (),
        description=(
            "Program that prints one secret, for the managers of clouds; {name} stands for its"
            " name, such as support-etl-zendesk-main-api-token. Empty: none"
        ),
    )


class RetentionSettings(_Section):
    """How long things are kept. `support-etl tidy` removes what is older."""

    landing_days: int = Field(
        0,
        description=(
            "Days to keep landed pages; 0: no limit. An older day can be rebuilt only by"
            " reading the vendor again"
        ),
        ge=0,
    )
    reports_days: int = Field(400, description="Days to keep reports; 0: no limit", ge=0)
    books_days: int = Field(
        400,
        description=(
            "Days to keep rows of runs, batches, validation, notifications and closed"
            " quarantine; 0: no limit"
        ),
        ge=0,
    )


class ScoreSettings(BaseModel):
    """A survey question that is a score. Unknown names are refused: a scale would be lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    question_id: str = Field(description="Question, or field of the answers")
    metric: Literal["csat", "nps", "ces"] = Field(description="What the score measures")
    survey_id: str = Field("", description="Survey of the question")
    scale_min: float | None = Field(None, description="Lowest score of the scale")
    scale_max: float | None = Field(None, description="Highest score of the scale")
    better: Literal["higher", "lower"] = Field("higher", description="Direction of the scale")
    choices: Mapping[str, float] = Field({}, description="Score of each choice, by its text or id")
    row_id: str = Field("", description="Row, for a question with several rows")
    ticket_account: str = Field("", description="Account of the tickets that answers are about")
    ticket_variable: str = Field("", description="Name of the value that holds the ticket's id")

    @model_validator(mode="after")
    def _scale(self) -> Self:
        low, high = self.scale_min, self.scale_max
        if low is not None and high is not None and low >= high:
            raise ValueError("scale_min must be below scale_max")
        return self


def _one_of(*meanings: str) -> AfterValidator:
    """A check that a text is one of a closed list; the refusal names the list."""

    def check(value: str) -> str:
        if value not in meanings:
            close = get_close_matches(value.lower(), meanings, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{value!r} is none of {', '.join(meanings)}{hint}")
        return value

    return AfterValidator(check)


def _once(value: Mapping[str, str]) -> Mapping[str, str]:
    """Names that differ in case only would contradict one another."""
    lower = [name.lower() for name in value]
    twice = [name for name in value if lower.count(name.lower()) > 1]
    if twice:
        raise ValueError(f"{', '.join(map(repr, twice))}: the case of letters does not count")
    return value


MEANINGS = {  # what a value can mean; the lists are closed
    "status": ("new", "open", "pending", "hold", "solved", "closed", "deleted", "other"),
    "priority": ("low", "normal", "high", "urgent", "none", "other"),
    "channel": ("email", "web", "chat", "phone", "social", "api", "other"),
    "sla_metric": (
        "first_reply",
        "next_reply",
        "requester_wait",
        "agent_work",
        "periodic_update",
        "pausable_update",
        "resolution",
        "group_ownership",
        "other",
    ),
}
StatusMeaning = Annotated[str, _one_of(*MEANINGS["status"])]
PriorityMeaning = Annotated[str, _one_of(*MEANINGS["priority"])]
ChannelMeaning = Annotated[str, _one_of(*MEANINGS["channel"])]
SlaMeaning = Annotated[str, _one_of(*MEANINGS["sla_metric"])]
TeamName = Annotated[str, Field(min_length=1)]
Meaning = TypeVar("Meaning", bound=str)
Meanings = Annotated[Mapping[str, Meaning], AfterValidator(_once)]


class FieldSettings(BaseModel):
    """A field of the vendor's that the tables have under a name of your own."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    field: str = Field(description="The vendor's field, by id, key or label", min_length=1)
    of: Annotated[str, _one_of("ticket", "customer", "organization")] = Field(
        "ticket", description="Whose field it is: ticket, customer or organization"
    )
    values: Meanings[Annotated[str, Field(min_length=1)]] = Field(
        {}, description='What its values are called, such as `{ pa_bill = "Billing" }`'
    )
    slice: bool | None = Field(
        None,
        description=(
            "Whether KPIs are given by its values; default: those of closed lists, tags, brand,"
            " form and language are"
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, value: object) -> object:
        unknown = set(value) - set(cls.model_fields) if isinstance(value, dict) else ()
        for name in sorted(unknown):
            near = get_close_matches(str(name), cls.model_fields, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {_listed(cls)}"
            raise ValueError(f"no setting {name!r} of a field; {advice}")
        return value


def _listed(section: type[BaseModel]) -> str:
    return ", ".join(section.model_fields)


def _in_full(value: object) -> object:
    """A field alone stands for a table with nothing else."""
    return value if isinstance(value, Mapping | FieldSettings) else {"field": value}


OwnField = Annotated[FieldSettings, BeforeValidator(_in_full)]


class AccountSettings(_Section):
    """One login at one vendor."""

    model_config = ConfigDict(extra="allow", frozen=True)

    connector: str = Field(description="Vendor, as listed by `support-etl connectors`")
    name: str = Field(
        description="Your name for the account: lower case letters, digits, underscore"
    )
    start: datetime = Field(datetime(2024, 1, 1, tzinfo=UTC), description="How far back to read")
    base_url: str = Field("", description="Address to use instead of the vendor's own")
    requests_per_minute: int | None = Field(
        None, description="Own rate limit; 0: no limit; default: the vendor's limit", ge=0
    )
    personal_data: bool = Field(
        False,
        description=(
            "Store all personal data: what `agent_names`, `customer_data` and `texts` switch on"
            " one by one"
        ),
    )
    agent_names: bool | None = Field(
        None,
        description="Store names and e-mail addresses of agents; default: as `personal_data`",
    )
    customer_data: bool | None = Field(
        None,
        description=(
            "Store names, e-mail addresses and user names of customers; default: as `personal_data`"
        ),
    )
    texts: bool | None = Field(
        None,
        description=(
            "Store what people wrote: subjects, messages and survey comments; default: as"
            " `personal_data`"
        ),
    )
    deselect: tuple[str, ...] = Field((), description="Streams to leave out")
    select: tuple[str, ...] = Field(
        (), description="Streams to read in addition: those that are not enabled by default"
    )
    ca_bundle: str = Field(
        "",
        description=(
            "File with a private certificate authority; default: REQUESTS_CA_BUNDLE,"
            " CURL_CA_BUNDLE or SSL_CERT_FILE of the environment"
        ),
    )
    proxy: str = Field(
        "",
        description=(
            "Proxy, as http://host:port; default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
            " of the environment"
        ),
    )
    client_certificate: str = Field(
        "", description="PEM file with a client certificate, for vendors that ask for one"
    )
    client_key: str = Field(
        "", description="PEM file with the key of client_certificate, if it is in a file of its own"
    )
    bots: tuple[str, ...] = Field(
        (), description="Authors that post as agents but are bots: ids or user names"
    )
    escalation_teams: tuple[str, ...] = Field(
        (), description="Teams, by id or name, to which a transfer is an escalation"
    )
    escalate_on_raise: bool = Field(False, description="Count a raised priority as an escalation")
    time_zone: str = Field("", description="IANA time zone of `hours`; default: business.time_zone")
    hours: OpeningHours = Field(
        "",
        description="Opening hours if the vendor reports none, written like business.default_hours",
    )
    holiday_country: HolidayRegions = Field(
        "",
        description=(
            "Countries or regions whose public holidays close the account's hours, if the vendor"
            " reports none; written like business.holiday_country"
        ),
    )
    default_schedule: str = Field(
        "",
        description=(
            "Schedule, by id or name, of tickets that name none; default: the one that the vendor"
            " marks, else the first of the vendor's list"
        ),
    )
    scores: tuple[ScoreSettings, ...] = Field((), description="Survey questions that are scores")
    statuses: Meanings[StatusMeaning] = Field(
        {},
        description=(
            'What statuses mean, by id or label, such as `{ "Bei Spedition" = "hold" }`: new, open,'
            " pending, hold, solved, closed, deleted or other"
        ),
    )
    priorities: Meanings[PriorityMeaning] = Field(
        {},
        description=(
            'What priorities mean, by value, such as `{ "P1" = "urgent" }`: low, normal, high,'
            " urgent, none or other"
        ),
    )
    channels: Meanings[ChannelMeaning] = Field(
        {},
        description=(
            'What channels mean, by value, such as `{ "Partner portal" = "web" }`: email, web,'
            " chat, phone, social, api or other"
        ),
    )
    sla_metrics: Meanings[SlaMeaning] = Field(
        {},
        description=(
            'What names of SLAs mean, such as `{ "Zeit bis zur Lösung" = "resolution" }`:'
            " first_reply, next_reply, requester_wait, agent_work, periodic_update,"
            " pausable_update, resolution, group_ownership or other"
        ),
    )
    teams: Meanings[TeamName] = Field(
        {},
        description=(
            "Names of teams, by id or name; teams of one name count as one:"
            ' `{ "Tier 1 EU" = "Tier 1" }`'
        ),
    )

    fields: Mapping[str, OwnField] = Field(
        {},
        description=(
            "The vendor's own fields that the tables have, by a name of yours, such as"
            ' `{ contact_reason = "360012345678" }`; a table says more: `field`, `of` (ticket,'
            " customer or organization), `values` (what its values are called) and `slice`"
            " (whether KPIs are given by its values)"
        ),
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return _iana(value) if value else value

    @field_validator("fields")
    @classmethod
    def _each_field_once(cls, value: Mapping[str, FieldSettings]) -> Mapping[str, FieldSettings]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r}: use lower case letters, digits and underscore, beginning with a"
                    " letter"
                )
        names: dict[tuple[str, str], str] = {}
        for name, chosen in value.items():
            same = names.setdefault((chosen.of, chosen.field.lower()), name)
            if same != name:
                raise ValueError(
                    f"{same} and {name} are the same field of the {chosen.of}, {chosen.field!r}"
                )
        return value

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(
                "use lower case letters, digits and underscore, beginning with a letter"
            )
        return value

    @field_validator("scores")
    @classmethod
    def _one_score_each(cls, value: tuple[ScoreSettings, ...]) -> tuple[ScoreSettings, ...]:
        places = [(score.survey_id, score.question_id, score.row_id) for score in value]
        twice = sorted({place[1] for place in places if places.count(place) > 1})
        if twice:
            raise ValueError(f"question {', '.join(twice)} is named twice; one score each")
        return value

    @field_validator("start")
    @classmethod
    def _aware(cls, value: datetime) -> datetime:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def refuse_unknown_desks(self, names: Collection[str]) -> None:
        """Refuse a table of files whose rows would count at an account that is not there.

        Raises ValueError.
        """
        extra = self.model_extra or {}
        tables = [extra, *(one for one in extra.values() if isinstance(one, Mapping))]
        for desk in (table.get("desk") for table in tables if self.connector == "files"):
            if isinstance(desk, str) and desk not in names:
                raise ValueError(f"{self.name}: desk {desk} is no account; there are {names}")

    @property
    def allowed(self) -> frozenset[str]:
        """Kinds of personal data that may be stored, named as the settings that switch them on."""
        switches = {
            "agent_names": self.agent_names,
            "customer_data": self.customer_data,
            "texts": self.texts,
        }
        return frozenset(
            name
            for name, is_on in switches.items()
            if (self.personal_data if is_on is None else is_on)
        )

    @property
    def mappings(self) -> dict[str, Mapping[str, str]]:
        """What the owner says that values mean, by kind as in `staging.account_value`."""
        return {
            "status": self.statuses,
            "priority": self.priorities,
            "channel": self.channels,
            "sla_metric": self.sla_metrics,
            "team": self.teams,
            **{f"field:{name}": one.values for name, one in self.fields.items()},
        }

    @property
    def own(self) -> dict[str, Any]:
        """Settings that connectors read: those only this one knows, and a few that all have."""
        scores = tuple(score.model_dump(exclude_unset=True) for score in self.scores)
        return {
            **(self.model_extra or {}),
            "scores": scores,
            "name": self.name,
            "default_schedule": self.default_schedule,
            "time_zone": self.time_zone,
        }


class Settings(BaseSettings):
    """All settings. Unknown names are refused, so that a typing error is not silently ignored."""

    model_config = SettingsConfigDict(
        env_prefix="SUPPORT_ETL_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    warehouse: WarehouseSettings = WarehouseSettings()
    landing: LandingSettings = LandingSettings()
    reports: ReportSettings = ReportSettings()
    business: BusinessSettings = BusinessSettings()
    planning: PlanningSettings = PlanningSettings()
    slices: SliceSettings = SliceSettings()
    rules: RuleSettings = RuleSettings()
    notifications: NotificationSettings = NotificationSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    retention: RetentionSettings = RetentionSettings()
    secrets: SecretsSettings = SecretsSettings()
    accounts: Annotated[tuple[AccountSettings, ...], Field(description="Accounts to read")] = ()

    @field_validator("accounts")
    @classmethod
    def _distinct(cls, value: tuple[AccountSettings, ...]) -> tuple[AccountSettings, ...]:
        names = [account.name for account in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two accounts are named {', '.join(twice)}")
        for account in value:
            account.refuse_unknown_desks(names)
        return value

    @property
    def field_names(self) -> list[str]:
        """The names that the accounts give to fields of their vendors."""
        return sorted({name for account in self.accounts for name in account.fields})

    @model_validator(mode="after")
    def _slices_apart(self) -> Self:
        named = {name for account in self.accounts for name in account.fields}
        twice = sorted(named & set(self.slices.standard))
        if twice:
            raise ValueError(
                f"slices.standard: {', '.join(twice)} is also the name of a field of an account;"
                " give the field another name"
            )
        return self

    def chosen(self, names: Collection[str]) -> tuple[AccountSettings, ...]:
        """The accounts of these names; all of them if none is named.

        Raises ConfigurationError for a name that is not there.
        """
        unknown = sorted(set(names) - {account.name for account in self.accounts})
        if unknown:
            raise ConfigurationError(
                f"no account {', '.join(unknown)}; there are"
                f" {', '.join(a.name for a in self.accounts) or 'none'}"
            )
        return tuple(account for account in self.accounts if not names or account.name in names)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Given values first, then the environment, then the file."""
        file = _File(settings_cls, settings_file()) if settings_file().exists() else None
        if file is None and profile():
            raise ConfigurationError(f"no profile {profile()!r}: there is no {settings_file()}")
        return (init_settings, env_settings, *((file,) if file else ()))


class _File(TomlConfigSettingsSource):
    """The settings file with the chosen profile over it."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        try:
            return with_profile(super()._read_file(file_path), profile())
        except ConfigurationError as wrong:
            raise ConfigurationError(f"{file_path}: {wrong}") from None


def profile() -> str:
    """SUPPORT_ETL_PROFILE: the section of the file, such as [profiles.dev]; "" for none."""
    return os.environ.get("SUPPORT_ETL_PROFILE", "")


def tokens_folder() -> Path:
    """SUPPORT_ETL_TOKENS, or .support_etl/tokens next to the settings file."""
    given = os.environ.get("SUPPORT_ETL_TOKENS")
    return Path(given) if given else settings_file().absolute().parent / ".support_etl" / "tokens"


def load(**given: Any) -> Settings:  # noqa: ANN401  pydantic checks each value
    """Read the settings. Raises ConfigurationError that names file, setting and what is wrong.

    From here on, messages show no secret of the environment, and none that stands in an address of
    the settings.
    """
    _remember_environment()
    _refuse_unknown_variables()
    try:
        settings = Settings(**given)
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigurationError(f"{settings_file()}: not valid TOML: {wrong}") from None
    except ValidationError as wrong:
        lines = [
            f"{'.'.join(str(p) for p in e['loc'])}: {_complaint(e['type'], e['loc'], e['msg'])}"
            for e in wrong.errors()
        ]
        raise ConfigurationError(f"{settings_file()}: " + "; ".join(lines)) from None
    _remember_addresses(settings.model_dump())
    return settings


def _complaint(kind: str, place: tuple[str | int, ...], message: str) -> str:
    """What is wrong at a place of the settings; of an unknown name, the nearest known one."""
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    return f"no such setting; {_nearest(str(place[-1]), _names_at(place[:-1]))}"


def _names_at(place: Sequence[str | int]) -> tuple[str, ...]:
    """The names that a section, or an item of a list of sections, may have."""
    model: type[BaseModel] = Settings
    for part in (part for part in place if isinstance(part, str)):
        field = model.model_fields.get(part)
        inner = [] if field is None else [field.annotation, *get_args(field.annotation)]
        model = next((one for one in inner if _is_section(one)), model)
    return tuple(model.model_fields)


def _is_section(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"


def _refuse_unknown_variables() -> None:
    """A misspelt section in the name of a variable would change nothing, silently."""
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        section = name.removeprefix(_PREFIX).partition("__")[0]
        if name.startswith(_PREFIX) and not name.startswith(_OF_ACCOUNTS):
            if section.upper() in known | _NO_SETTINGS:
                continue
            near = get_close_matches(section, known | _NO_SETTINGS, n=1)
            advice = f"did you mean {name.replace(section, near[0], 1)}?" if near else "unset it"
            raise ConfigurationError(f"{name}: there is no such setting; {advice}")


def secret_variable(account: str, name: str) -> str:
    """Environment variable of a secret."""
    return f"{_OF_ACCOUNTS}{account}_{name}".upper()


def secret_block(account: str, name: str) -> str:
    """Name of the Prefect Secret block of a secret."""
    return f"support-etl-{account}-{name}".replace("_", "-")


def secrets_of(
    account: str, names: tuple[str, ...], lookup: SecretLookup | None = None
) -> dict[str, str]:
    """The secrets of an account by name.

    Raises MissingSecretError naming the variable and the block.
    """
    found = optional_secrets_of(account, names, lookup)
    for name in names:
        if name not in found:
            raise MissingSecretError(
                f"{account}: secret {name} is missing; set {secret_variable(account, name)}"
                f" (or with _FILE, the file that holds it), or the Prefect Secret block"
                f" {secret_block(account, name)}"
            )
    return found


def optional_secrets_of(
    account: str, names: tuple[str, ...], lookup: SecretLookup | None = None
) -> dict[str, str]:
    """Those of the secrets that are given. Every value is remembered for redaction."""
    found = {}
    for name in names:
        value = given_secret(secret_variable(account, name)) or (
            lookup(secret_block(account, name)) if lookup else None
        )
        if value:
            found[name] = value
            remember_secret(value)
    return found


def given_secret(variable: str) -> str | None:
    """The secret of a variable, or of the file that the variable with _FILE names.

    Raises ConfigurationError if that file cannot be read.
    """
    value, path = os.environ.get(variable), os.environ.get(f"{variable}{_FILE}")
    if value or not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip("\r\n") or None
    except (OSError, UnicodeDecodeError) as trouble:
        reason = getattr(trouble, "strerror", None) or "it is no UTF-8 text"
        raise ConfigurationError(f"{variable}{_FILE}: {path}: {reason}") from None


def remember_secret(value: str) -> None:
    """Remove this value from every message from now on.

    Its forms in headers and addresses are removed, too. Of an address, such as a webhook's, every
    part is: a server may repeat its path alone, or a piece of it.
    """
    if len(value) < _SHORTEST_SECRET:
        return
    _remember_forms(value)
    if _ADDRESS.fullmatch(value):
        for part in (*_credentials_in(value), *_secret_places_in(value)):
            _remember_forms(part)


def _remember_forms(value: str) -> None:
    if len(value) < _SHORTEST_SECRET:
        return
    _SECRETS.update(
        {
            value,
            urllib.parse.quote(value, safe=""),
            urllib.parse.quote_plus(value),
            json.dumps(value)[1:-1],
            value.encode().hex(),
        }
    )
    for offset in range(
        3
    ):  # in Basic credentials the user's name comes before it, of whatever length
        coded = base64.b64encode(b"x" * offset + value.encode()).decode().rstrip("=")
        certain = coded[4 if offset else 0 : len(coded) - 1]  # characters that no neighbour changes
        if len(certain) >= 2 * _SHORTEST_SECRET:
            _SECRETS.add(certain)


def _remember_environment() -> None:
    for name, value in os.environ.items():
        if not name.startswith(_OF_ACCOUNTS):
            continue
        if not name.endswith(_FILE):
            remember_secret(value)
            continue
        with suppress(ConfigurationError):  # the one who needs it says so
            remember_secret(given_secret(name.removesuffix(_FILE)) or "")


def _remember_addresses(value: object) -> None:
    """Remember the credentials in every address, however deep it stands in the settings."""
    if isinstance(value, Mapping):
        for inner in value.values():
            _remember_addresses(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _remember_addresses(inner)
    elif isinstance(value, str):
        for address in _ADDRESS.findall(value):
            for part in _credentials_in(address):
                _remember_forms(part)


def _credentials_in(address: str) -> Iterator[str]:
    """User and password of an address, and what its query calls a key, a token or a signature."""
    head, _, query = address.partition("://")[2].partition("?")
    user_info = head.rpartition("@")[0]
    user, _, password = user_info.partition(":")
    if user_info and "/" not in user:  # else the @ belongs to the path
        if password:
            yield from (user_info, password, urllib.parse.unquote(password))
        if len(user) >= _LONGEST_PLAIN_USER:
            yield user
    for name, value in urllib.parse.parse_qsl(query.partition("#")[0]):
        if _SECRET_NAME.search(name):
            yield value


def _secret_places_in(address: str) -> Iterator[str]:
    """Path and query of an address that is a secret as a whole."""
    scheme, _, rest = address.partition("://")
    if scheme.lower() not in {"http", "https"}:
        return  # of a database or a bucket, the path is a name
    path, _, query = rest.partition("/")[2].partition("?")
    yield from (path, urllib.parse.unquote(path))
    for segment in path.split("/"):
        if len(segment) >= _SHORTEST_SEGMENT and segment.lower() not in _PLAIN_SEGMENTS:
            yield segment
    for _, value in urllib.parse.parse_qsl(query):
        if len(value) >= _SHORTEST_SEGMENT:
            yield value


_SECRETS: set[str] = set()
_SHORTEST_SECRET = 4
_LONGEST_PLAIN_USER = 12  # from here on the user of an address is a key
_SHORTEST_SEGMENT = 8
_PLAIN_SEGMENTS = frozenset(
    {"services", "workflow", "workflows", "triggers", "incomingwebhook", "webhooks", "webhookb2"}
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|sig|credential|auth|^code$|access", re.IGNORECASE
)


def redact(text: str) -> str:
    """The text with every known secret replaced by ***."""
    for value in _longest_first(len(_SECRETS)):
        text = text.replace(value, "***")
    return text


@lru_cache(maxsize=1)
def _longest_first(count: int) -> tuple[str, ...]:
    """The known secrets, which only become more: their number says whether they changed."""
    return tuple(sorted(_SECRETS, key=len, reverse=True))


class RedactSecrets(logging.Filter):
    """Takes known secrets out of log records, whoever wrote them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; always let it through."""
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
