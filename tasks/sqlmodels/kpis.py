"""The KPIs of `sql/marts/kpi`, and how `marts.kpi_daily` collects them.

The folder of the settings file may add to them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from tasks.additions import described, refuse_clash
from tasks.entities import Column
from tasks.errors import ConfigurationError, ModelError
from tasks.paths import SQL, own_folder, read_yaml
from tasks.sqlmodels.dialects import tables_of

_FOLDER = "sql/marts/kpi"
_ENTRIES = "kpis.yml"
_WORDS = {  # closed lists of an entry
    "shape": ("count", "level", "ratio", "mean", "level_mean"),
    "better": ("higher", "lower", "neutral"),
}
_COUNTED = ("count", "level")  # summing numerator and denominator of days would give 1.0
_NO_DENOMINATOR = re.compile(r"null[^,]*\bas denominator", re.IGNORECASE)
_SCOPE = ("account", "team_id", "channel", "priority", "numerator", "denominator")

# a column of its own line, as the formatter writes them
_TICKET = re.compile(r"^ *(\w+\.|\w+ as )?ticket_id,?$", re.MULTILINE)
# a KPI that gives instants is counted in every reporting zone
_BY_INSTANT = """
select
    '{name}' as kpi,
    cast(counted.happened_at at time zone zone.time_zone as date) as day,
    zone.time_zone,
    counted.account,
    counted.team_id,
    counted.channel,
    counted.priority,
    sum(counted.numerator) as numerator,
    sum(counted.denominator) as denominator
from (
{select}
) as counted
cross join ops.reporting_zone as zone
where cast(counted.happened_at at time zone zone.time_zone as date) <= zone.last_day
group by
    cast(counted.happened_at at time zone zone.time_zone as date),
    zone.time_zone,
    counted.account,
    counted.team_id,
    counted.channel,
    counted.priority
"""
# a KPI that gives days is counted in the zone of each day
_BY_DAY = """
select
    '{name}' as kpi,
    counted.day,
    counted.time_zone,
    counted.account,
    counted.team_id,
    counted.channel,
    counted.priority,
    sum(counted.numerator) as numerator,
    sum(counted.denominator) as denominator
from (
{select}
) as counted
join ops.reporting_zone as zone on zone.time_zone = counted.time_zone
where counted.day <= zone.last_day
group by
    counted.day,
    counted.time_zone,
    counted.account,
    counted.team_id,
    counted.channel,
    counted.priority
"""


KPI_COLUMNS = "every_kpi_column"

# the same two, one row for each thing that counts, with its ticket; zones and accounts by number
_OF_TICKETS_BY_INSTANT = """
select
    {number} as kpi_number,
    cast(counted.happened_at at time zone zone.time_zone as date) as day,
    zone.zone_number,
    numbered.account_number,
    counted.ticket_id,
    counted.numerator,
    counted.denominator
from (
{select}
) as counted
join accounts as numbered on counted.account = numbered.account
cross join zones as zone
where cast(counted.happened_at at time zone zone.time_zone as date) <= zone.last_day
"""
_OF_TICKETS_BY_DAY = """
select
    {number} as kpi_number,
    counted.day,
    zone.zone_number,
    numbered.account_number,
    counted.ticket_id,
    counted.numerator,
    counted.denominator
from (
{select}
) as counted
join accounts as numbered on counted.account = numbered.account
join zones as zone on counted.time_zone = zone.time_zone
where counted.day <= zone.last_day
"""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI: what it means, and its SELECT of numerator and denominator per day and scope.

    `path` is its SQL file. `is_own` says that the folder of the settings file brings it.
    """

    name: str
    title: str
    description: str
    shape: str
    unit: str
    numerator: str
    denominator: str
    better: str
    attributed_to: str
    owner: str
    source: str
    select: str
    divide_by: int = 1
    final_after_days: int = 0
    no_slices: str = ""
    path: Path = Path()
    is_own: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Tables that the SELECT names."""
        return tables_of(self.select)

    @property
    def by_instant(self) -> bool:
        """The SELECT gives instants (`happened_at`), not days of time zones."""
        return "happened_at" in self.select

    @property
    def has_tickets(self) -> bool:
        """The SELECT names the ticket of each row, so that there are figures by its fields."""
        return _TICKET.search(self.select) is not None

    @property
    def by_local_day(self) -> str:
        """The SELECT, counted by local day and scope."""
        template = _BY_INSTANT if self.by_instant else _BY_DAY
        return template.format(name=self.name, select=self.select)

    def by_ticket(self, number: int) -> str:
        """The SELECT by local day, with tickets, the KPI by its number."""
        template = _OF_TICKETS_BY_INSTANT if self.by_instant else _OF_TICKETS_BY_DAY
        return template.format(number=number, select=self.select)


def kpis() -> dict[str, Kpi]:
    """All KPIs by name: the shipped ones, then a company's own.

    Raises ModelError for one without its entry, or an entry without its SQL; ConfigurationError for
    an own one that is not well described, or is named like another.
    """
    return _kpis(own_folder())


@cache
def _kpis(own: Path | None) -> dict[str, Kpi]:
    shipped = SQL / "marts" / "kpi"
    entries = read_yaml(shipped / _ENTRIES)
    files = _statements(shipped)
    odd = sorted(set(entries) ^ set(files))
    if odd:
        raise ModelError(
            f"KPI {', '.join(odd)}: needs a file in {_FOLDER} and an entry in kpis.yml"
        )
    listed = {
        name: Kpi(
            name=name, select=files[name].read_text(encoding="utf-8"), path=files[name], **entry
        )
        for name, entry in entries.items()
    }
    for kpi in _own_kpis(own / _FOLDER) if own else ():
        if kpi.name in listed:
            refuse_clash("KPI", kpi.name, listed[kpi.name].path, kpi.path)
        same = next((other for other in listed.values() if other.title == kpi.title), None)
        if same:
            refuse_clash("KPI", f'"{kpi.title}" in reports', same.path, kpi.path)
        listed[kpi.name] = kpi
    return listed


def forget_kpis() -> None:
    """Read the files again at the next call: those of the folder may have changed."""
    _kpis.cache_clear()


def _statements(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.sql"))}


def _own_kpis(folder: Path) -> Iterator[Kpi]:
    """The KPIs that the folder of the settings file adds."""
    files, listing = _statements(folder), folder / _ENTRIES
    entries = described(listing) if listing.is_file() else {}
    for name in sorted(set(files) - set(entries)):
        raise ConfigurationError(f"{files[name]}: {listing} has no entry {name}; describe the KPI")
    for name, entry in entries.items():
        if name not in files:
            raise ConfigurationError(f"{listing}: {name} has no {folder / f'{name}.sql'}")
        yield _own_kpi(name, files[name], listing, entry)


def _own_kpi(
    name: str,
    path: Path,
    listing: Path,
    entry: object,
) -> Kpi:
    """An own KPI. Raises ConfigurationError that names what is wrong with its entry or its SQL."""
    known = {field.name: field.default for field in fields(Kpi)}
    given: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {}
    own = {"name", "select", "path", "is_own"}
    missing = [n for n, default in known.items() if default is MISSING and n not in {*given, *own}]
    unknown = sorted(set(given) - set(known) | set(given) & own)
    if missing or unknown:
        words = [f"no {n}" for n in missing] + [f"unknown {n}" for n in unknown]
        raise ConfigurationError(f"{listing}: KPI {name} has {', '.join(words)}")
    for setting, allowed in _WORDS.items():
        if given[setting] not in allowed:
            raise ConfigurationError(
                f"{listing}: {setting} of KPI {name} is {given[setting]!r}, not one of"
                f" {', '.join(allowed)}"
            )
    kpi = Kpi(name=name, select=_statement(path), path=path, is_own=True, **given)
    if kpi.shape in _COUNTED and not _NO_DENOMINATOR.search(kpi.select):
        raise ConfigurationError(
            f"{path}: a {kpi.shape} has no denominator; write `cast(null as bigint) as denominator`"
        )
    no_slices = kpi.no_slices or ("" if kpi.has_tickets else "its SQL gives no ticket_id")
    return replace(kpi, no_slices=no_slices)


def _statement(path: Path) -> str:
    """The SELECT of a file. Raises ConfigurationError where a column that is counted is missing."""
    select = path.read_text(encoding="utf-8").rstrip().rstrip(";")
    dated = ("happened_at",) if "happened_at" in select else ("day", "time_zone")
    absent = [column for column in (*dated, *_SCOPE) if column not in select]
    if absent:
        raise ConfigurationError(
            f"{path}: a KPI gives happened_at (or day and time_zone), {', '.join(_SCOPE)}; there is"
            f" no {', '.join(absent)}"
        )
    return select + "\n"


def wide_columns(collected: Iterable[Kpi]) -> list[Column]:
    """A numerator and a denominator of each KPI: the columns of `marts.kpi_wide_daily`."""
    return [
        Column(f"{kpi.name}_{part}", "number", f"{kpi.title} ({kpi.unit}): {words}")
        for kpi in collected
        for part, words in (("numerator", kpi.numerator), ("denominator", kpi.denominator))
    ]


def with_every_column(select: str, collected: Iterable[Kpi]) -> str:
    """The SELECT of `marts.kpi_wide_daily`, with the columns in place of `every_kpi_column`."""
    sums = (
        f"sum(case when kpi = '{kpi.name}' then {part} end) as {kpi.name}_{part}"
        for kpi in collected
        for part in ("numerator", "denominator")
    )
    return select.replace(KPI_COLUMNS, ",\n    ".join(sums))


def with_every_kpi(select: str, collected: Iterable[Kpi]) -> str:
    """A SELECT that collects KPIs, with them in place of `every_kpi` and its like.

    `every_ticket_kpi` are the rows of those that name their tickets, and `kpi_numbers` their names.
    """
    listed = list(collected)
    of_tickets = dict(enumerate((kpi for kpi in listed if kpi.has_tickets), start=1))
    parts = {
        "every_kpi": [kpi.by_local_day for kpi in listed],
        "every_ticket_kpi": [kpi.by_ticket(number) for number, kpi in of_tickets.items()],
        "kpi_numbers": [
            f"\nselect\n    {number} as kpi_number,\n    '{kpi.name}' as kpi\n"
            for number, kpi in of_tickets.items()
        ],
    }
    for name, selects in parts.items():
        select = _with_part(select, name, "union all".join(selects))
    return select


def _with_part(select: str, name: str, part: str) -> str:
    """The SELECT with a part in brackets where it reads that name, under the same alias."""

    def in_brackets(found: re.Match[str]) -> str:
        return f"{found[1]} ({part}) as {found[2] or name}"

    return re.sub(rf"\b(from|join) {name}\b(?: as (\w+))?", in_brackets, select)
