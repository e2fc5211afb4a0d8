"""What the models are built for: as-of instant, time zones, marks and mappings of accounts."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from tasks.clock import local_day
from tasks.settings import AccountSettings, BusinessSettings, Settings
from tasks.sqlmodels.catalog import ZONE_LIST, running_tables
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import ChangedKeys
from tasks.warehouse.session import Session
from tasks.warehouse.tables import (
    ACCOUNT_MAPPING,
    ACCOUNT_MARK,
    REPORTING_SETTING,
    REPORTING_ZONE,
    SLICE_SETTING,
    STANDARD_SLICE,
    Table,
)


def last_complete_day(as_of: datetime, time_zone: str) -> date:
    """The last local day that was over at `as_of`."""
    return local_day(as_of, time_zone) - timedelta(days=1)


def set_parameters(
    session: Session,
    as_of: datetime,
    settings: Settings,
) -> ChangedKeys:
    """Record what the models are built for; gives the tickets and days that this build looks at.

    Tickets: those of loaded rows, those whose clocks run if the as-of instant has moved, and those
    with history after the former one. Days: those that became complete. If as-of went back, or the
    zones changed, everything is rebuilt.
    """
    before = runlog.reporting_zones(session)
    zones = _zone_rows(settings.business, as_of)
    _replace(session, REPORTING_SETTING, [_setting_row(settings.business)])
    _replace(session, SLICE_SETTING, [{"most_values": settings.slices.most_values}])
    _replace(session, STANDARD_SLICE, [{"name": name} for name in set(settings.slices.standard)])
    _replace(session, ACCOUNT_MARK, list(_mark_rows(settings.accounts)))
    _replace(session, ACCOUNT_MAPPING, list(_mapping_rows(settings.accounts)))
    if _replace(session, REPORTING_ZONE, zones) and _needs_rebuild(before, zones):
        runlog.mark_changed(session, ZONE_LIST)
    changed_keys = ChangedKeys(session)
    changed_keys.start()
    former = before[0]["as_of"] if before else None
    if former and former != as_of:
        changed_keys.look_at(running_tables(), since=former - timedelta(days=2))
    changed_keys.add_days(_completed_days(before, zones))
    return changed_keys


def _replace(
    session: Session,
    table: Table,
    rows: list[dict[str, Any]],
) -> bool:
    """Make these the rows of a table of the run log; True if they differ from before."""
    is_changed = runlog.replace_rows(session, table, rows)
    if is_changed:
        runlog.mark_changed(session, table.fullname)
    return is_changed


def _zone_rows(
    business: BusinessSettings,
    as_of: datetime,
) -> list[dict[str, Any]]:
    return [
        {
            "time_zone": zone,
            "is_main": place == 0,
            "as_of": as_of,
            "last_day": last_complete_day(as_of, zone),
        }
        for place, zone in enumerate(business.zones)
    ]


def _setting_row(business: BusinessSettings) -> dict[str, Any]:
    return {
        "time_zone": business.time_zone,
        "currency": business.currency,
        "recontact_days": business.recontact_days,
        "exchange_rate_days": business.exchange_rate_days,
        "fiscal_year_month": business.fiscal_year_month,
    }


def _mark_rows(accounts: Iterable[AccountSettings]) -> Iterator[dict[str, str]]:
    for account in accounts:
        marks = [("bot", bot) for bot in account.bots]
        marks += [("escalation_team", team) for team in account.escalation_teams]
        marks += [("escalate_on_raise", "true")] if account.escalate_on_raise else []
        for kind, value in dict.fromkeys(marks):
            yield {"account": account.name, "kind": kind, "value": value}


def _mapping_rows(accounts: Iterable[AccountSettings]) -> Iterator[dict[str, str]]:
    for account in accounts:
        for kind, mapping in account.mappings.items():
            for value, meaning in mapping.items():
                yield {
                    "account": account.name,
                    "kind": kind,
                    "value": value.lower(),
                    "meaning": meaning,
                }


def _needs_rebuild(
    before: list[dict[str, Any]],
    zones: list[dict[str, Any]],
) -> bool:
    """The zones changed, another is the main one, or the as-of instant went back."""

    def names(rows: list[dict[str, Any]]) -> set[tuple[str, bool]]:
        return {(row["time_zone"], row["is_main"]) for row in rows}

    went_back = bool(before) and before[0]["as_of"] > zones[0]["as_of"]
    return names(before) != names(zones) or went_back


def _completed_days(
    before: list[dict[str, Any]],
    zones: list[dict[str, Any]],
) -> Iterator[date]:
    """Days that became complete in a time zone since the last build."""
    last_days = {zone["time_zone"]: zone["last_day"] for zone in zones}
    for row in before:
        first, last = row["last_day"], last_days.get(row["time_zone"], row["last_day"])
        yield from (first + timedelta(days=i) for i in range(1, (last - first).days + 1))
