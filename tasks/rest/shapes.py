"""Shapes that many vendors have in common: lists read whole, scores, opened tickets, weeks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tasks.clock import minute_of_day
from tasks.entities import SLA_EVENT, TICKET_EVENT, VENDOR_MEASURE, Entity
from tasks.rest.paging import SinglePage
from tasks.rest.spec import ChildStream, FullRefresh, Json, Output, Paging, Params, Stream
from tasks.rest.values import Expression, Partition, Records, Source, epoch, sql

_DAY = 1440  # minutes


def full_refresh(
    name: str,
    description: str,
    *outputs: Output,
    at: str,
    path: str = "",
    records: Records = "",
    paging: Paging | None = None,
    replaces: bool = False,
    keeps: tuple[Entity, ...] = (),
    optional: bool = False,
    params: Params | None = None,
    child_streams: tuple[ChildStream, ...] = (),
    requests_per_minute: int | None = None,
) -> Stream:
    """A list that is read whole on each run, as one page unless `paging` is given.

    Its address is `at`/`path`, its records lie at `records`; both are `name` where left out.
    """
    return Stream(
        name=name,
        description=description,
        path=f"{at}/{path or name}",
        records=records or name,
        paging=paging or SinglePage(),
        sync=FullRefresh(replaces=replaces, keeps=keeps),
        outputs=outputs,
        optional=optional,
        params=params or {},
        child_streams=child_streams,
        requests_per_minute=requests_per_minute,
    )


def score(metric: str, low: float, high: float, better: str = "higher") -> dict[str, Expression]:
    """Columns of a survey response whose question and scale are the same for every account."""
    return {
        "metric": sql(f"'{metric}'"),
        "scale_min": sql(str(low)),
        "scale_max": sql(str(high)),
        "better": sql(f"'{better}'"),
    }


class Figure(NamedTuple):
    """A figure that a vendor publishes of a ticket: measure, SQL over paths, unit, kind of time."""

    measure: str
    value: str
    unit: str
    calendar: str = "none"


def both_times(measure: str, at: str, unit: str) -> tuple[Figure, Figure]:
    """A figure with the keys `calendar` and `business`."""
    return (
        Figure(measure, f"{{{at}.calendar}}", unit, "calendar"),
        Figure(measure, f"{{{at}.business}}", unit, "business"),
    )


def published(
    *figures: Figure,
    version: Source,
    ticket_id: str | Partition = "id",
    section: str = "main",
    row_filter: Expression | None = None,
) -> Output:
    """Rows of what the vendor publishes: one for each figure, null ones too.

    A figure that the vendor takes back, such as the resolution of a reopened ticket, becomes null.
    """

    def listed(values: Sequence[str]) -> Expression:
        return sql(f"unnest([{', '.join(values)}])")

    return Output(
        VENDOR_MEASURE,
        section=section,
        filter=row_filter,
        fields={
            "ticket_id": ticket_id,
            "measure": listed([f"'{figure.measure}'" for figure in figures]),
            "calendar": listed([f"'{figure.calendar}'" for figure in figures]),
            "unit": listed([f"'{figure.unit}'" for figure in figures]),
            "value": listed([f"cast({figure.value} as varchar)" for figure in figures]),
            "version_at": version,
        },
    )


def opened(section: str) -> Output:
    """The event that a history leaves out: the ticket was open from its creation on.

    The record has an `id`, and `created_at` in Unix seconds.
    """
    return Output(
        TICKET_EVENT,
        section=section,
        fields={
            "event_id": sql("{id} || '-opened'"),
            "ticket_id": "id",
            "field": sql("'status'"),
            "to_value": sql("'open'"),
            "changed_at": epoch("created_at"),
            "sequence": sql("0"),
        },
    )


def due_clock(
    metric: str, due: str, done: str, *, created: str, changed: str, section: str = "main"
) -> tuple[Output, ...]:
    """A clock of which the vendor reports when it is due and done, not its target.

    It is applied at creation, and breached at the due time if it is done, or seen, later. An
    overdue ticket that nobody changes is not reported again; the due time lets the model see its
    breach.
    """

    def event(kind: str, at: str, row_filter: str) -> Output:
        return Output(
            SLA_EVENT,
            section=section,
            filter=sql(row_filter),
            fields={
                "event_id": sql(f"cast({{id}} as varchar) || '-{metric}-{kind}'"),
                "ticket_id": "id",
                "metric": sql(f"'{metric}'"),
                "instance": sql("'1'"),
                "kind": sql(f"'{kind}'"),
                "happened_at": at,
                "version_at": changed,
            },
        )

    late = (
        f"coalesce(try_cast({{{done}}} as timestamptz), try_cast({{{changed}}} as timestamptz)) >"
        f" try_cast({{{due}}} as timestamptz)"
    )
    return (
        event("apply", created, f"{{{due}}} is not null"),
        event("due", due, f"{{{due}}} is not null"),
        event("fulfill", done, f"{{{due}}} is not null and {{{done}}} is not null"),
        event("breach", due, late),
    )


def opening(day: int, start: str, end: str) -> Iterator[dict[str, int]]:
    """Minutes of the week (0 is Sunday's midnight) of opening times such as 08:30 to 17:00.

    They are cut at midnight: 22:00 to 06:00 ends on the next day, and 00:00 is the end of the day
    where a day ends.
    """
    low, high = minute_of_day(start), minute_of_day(end)
    midnight = day * _DAY
    if high > low:
        yield {"starts_minute": midnight + low, "ends_minute": midnight + high}
        return
    yield {"starts_minute": midnight + low, "ends_minute": midnight + _DAY}
    if high:
        following = (day + 1) % 7 * _DAY
        yield {"starts_minute": following, "ends_minute": following + high}


def always_open() -> Iterator[dict[str, int]]:
    """Minutes of the week of a schedule that never closes: every day from midnight to midnight."""
    for day in range(7):
        yield {"starts_minute": day * _DAY, "ends_minute": (day + 1) * _DAY}


def one_is_default(
    schedules: Mapping[str, str | None], settings: Mapping[str, Json]
) -> Iterator[str]:
    """Complaints where there are several schedules, and neither vendor nor settings name a default.

    `schedules` are the names of those in force by id.
    """
    wanted = settings.get("default_schedule") or ""
    choice = ", ".join(f"{key} ({name})" if name else key for key, name in schedules.items())
    if wanted and wanted not in {*schedules, *schedules.values()}:
        yield f"default_schedule {wanted} is none of those in force: {choice}"
    if not wanted and len(schedules) > 1:
        yield (
            "several are in force, and the vendor names no default: set default_schedule of the"
            f" account to one of {choice}"
        )
