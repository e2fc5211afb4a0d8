"""Our figures against those that the vendors publish themselves, as the tables have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from flows.pipeline.context import filled_warehouse
from tasks.settings import Settings
from tasks.sqlmodels.reads import read
from tasks.warehouse import runlog
from tasks.watch import Agreement


class UnexplainedFigure(NamedTuple):
    """A figure of a ticket that differs from the vendor's without an explanation."""

    account: str
    ticket_id: str
    number: str | None
    measure: str
    calendar: str
    unit: str
    our_value: float | None
    vendor_value: float | None
    difference: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures by account and measure, and the single ones that nothing explains."""

    agreements: Sequence[Agreement]
    unexplained: Sequence[UnexplainedFigure]


def compare_figures(settings: Settings, accounts: Sequence[str], *, days: int) -> Comparison:
    """Tickets opened in the last days before the tables' as-of instant; no accounts: all.

    Raises NoTablesError before the first run.
    """
    with filled_warehouse(settings) as warehouse, warehouse.session() as session:
        zones = runlog.reporting_zones(session)
        if not zones:
            return Comparison((), ())
        until = zones[0]["as_of"]
        since = until - timedelta(days=days)
        agreements = read(session, "compare/agreement", Agreement, since=since, until=until)
        single = read(session, "compare/unexplained", UnexplainedFigure, since=since, until=until)
    return Comparison(
        [row for row in agreements if not accounts or row.account in accounts],
        [row for row in single if not accounts or row.account in accounts],
    )
