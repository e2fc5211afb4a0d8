"""The command `forecast`: what-if scenarios of staffing."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from flows.cli import console
from flows.cli.console import AsJson
from tasks.errors import ConfigurationError
from tasks.settings import load

_HEADINGS = (
    "Account",
    "Team",
    "Week of",
    "Tickets",
    "Base, FTE",
    "Scenario, FTE",
    "Extra, FTE",
    "Extra cost",
)
_WORKDAYS, _WEEK = 5, 7


def forecast(
    volume: Annotated[str, typer.Option(help="More or fewer contacts, such as +10%.")] = "",
    aht: Annotated[str, typer.Option(help="Longer or shorter handle time, such as -5%.")] = "",
    service_level: Annotated[
        str, typer.Option(help="Live contacts: per cent / seconds, such as 90/30.")
    ] = "",
    shrinkage: Annotated[
        float | None,
        typer.Option(
            help="Share of paid time not available for contacts, such as 0.32.", min=0, max=0.95
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the scenario in marts.staffing_scenario_daily.")
    ] = "what_if",
    as_json: AsJson = False,
) -> None:
    """Compute a staffing scenario and show what it changes, by team and week.

    It starts from the forecast of the last run. Without any change it shows that forecast.
    """
    from flows.pipeline.scenario import what_if
    from tasks.planning.scenario import Scenario

    share, seconds = _service_level(service_level)
    scenario = Scenario(
        _change("--volume", volume), _change("--aht", aht), share, seconds, shrinkage
    )
    rows = what_if(load(), scenario, name)
    if as_json:
        console.print_json(rows)
        return
    console.table(f"Scenario {name}: {scenario.description}", _HEADINGS, _weeks(rows))
    console.line(
        f"{len(rows):,} rows in marts.staffing_scenario_daily, scenario {name}; whole weeks are"
        " shown, FTE on five days a week, cost in the reporting currency"
    )


def _weeks(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """Sum the days of each account, team and whole week."""
    weeks: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for row in rows:
        monday = row["day"] - timedelta(days=row["day"].weekday())
        weeks.setdefault((row["account"], row["team"], monday), []).append(row)
    for key, days in weeks.items():
        if len(days) != _WEEK:
            continue
        tickets, base, wanted, extra = (
            sum(day[name] for day in days)
            for name in ("expected_tickets", "base_fte", "fte", "extra_fte")
        )
        cost = sum(day["extra_cost"] or 0 for day in days)
        fte = (f"{figure / _WORKDAYS:,.1f}" for figure in (base, wanted, extra))
        yield (*key, f"{tickets:,.1f}", *fte, f"{cost:,.0f}")


def _change(option: str, text: str) -> float:
    """Factor of a change such as +10% or -5%. Raises ConfigurationError."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*%?\s*", text or "0")
    if not match or float(match[1]) <= -100:
        raise ConfigurationError(f"{option} {text}: write a change in per cent, such as +10%")
    return 1 + float(match[1]) / 100


def _service_level(text: str) -> tuple[float | None, float | None]:
    """Share and seconds of a target such as 90/30. Raises ConfigurationError."""
    if not text:
        return None, None
    match = re.fullmatch(r"\s*(\d{1,2}(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*", text)
    if not match or float(match[1]) <= 0:
        raise ConfigurationError(f"--service-level {text}: write per cent / seconds, such as 90/30")
    return float(match[1]) / 100, float(match[2])
