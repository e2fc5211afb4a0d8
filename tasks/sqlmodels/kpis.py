"""The KPIs of `sql/marts/kpi`, and how `marts.kpi_daily` collects them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tasks.errors import ModelError
from tasks.paths import SQL, read_yaml

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


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI: what it means, and its SELECT of numerator and denominator per day and scope."""

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


@cache
def kpis() -> dict[str, Kpi]:
    """All KPIs by name.

    Raises ModelError for one without its entry, or an entry without its SQL.
    """
    folder = SQL / "marts" / "kpi"
    entries = read_yaml(folder / "kpis.yml")
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    odd = sorted(set(entries) ^ set(files))
    if odd:
        raise ModelError(
            f"KPI {', '.join(odd)}: needs both a file in sql/marts/kpi and an entry in kpis.yml"
        )
    return {name: Kpi(name=name, select=files[name], **entry) for name, entry in entries.items()}


def with_every_kpi(select: str, collected: Iterable[Kpi]) -> str:
    """The SELECT of `marts.kpi_daily`, with all KPIs in place of `every_kpi`."""
    united = "union all".join(kpi.by_local_day for kpi in collected)
    return select.replace("from every_kpi", f"from ({united}) as every_kpi")
