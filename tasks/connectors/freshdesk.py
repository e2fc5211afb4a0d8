"""Freshdesk v2: tickets by change, their history from the daily activity files.

Facts: developers.freshdesk.com/api. The list reaches 300 pages, then it is begun anew from the last
change; without `updated_since` it would hold 30 days only. Status, team and agent history is in the
daily export alone, which names teams and statuses by label and whose files lie elsewhere, without
credentials. Holidays and merges are not exposed.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from tasks.clock import Window
from tasks.entities import (
    AGENT,
    BUSINESS_SCHEDULE,
    CUSTOMER,
    MESSAGE,
    ORGANIZATION,
    SLA_POLICY,
    SURVEY_RESPONSE,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TICKET_STATUS,
    TIME_ENTRY,
    TOMBSTONE,
)
from tasks.rest.auth import Basic
from tasks.rest.paging import EachDay, PageNumber, Restart
from tasks.rest.shapes import due_clock, full_refresh, score
from tasks.rest.spec import (
    ChildStream,
    Connector,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    RequestState,
    Row,
    Stream,
)
from tasks.rest.values import Item, Present, TopLevelList, WholeBody, sql

LIST = PageNumber(size={"per_page": "100"})
full = partial(full_refresh, at="/api/v2", records=TopLevelList())
clock = partial(due_clock, created="created_at", changed="updated_at")
CHANGES = PageNumber(
    size={"per_page": "100"},
    cap=300,
    restart=Restart("updated_at", lambda params, last: {"updated_since": last}),
)
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
SMILEY = (
    "case {f} when 103 then 5 when 102 then 4.5 when 101 then 4 when 100 then 3 when -101 then 2"
    " when -102 then 1.5 when -103 then 1 when 1 then 5 when 2 then 3 when 3 then 1 end".replace(
        "{f}", "cast({ratings.default_question} as int)"
    )
)


def stamp(at: Any) -> str:
    return str(at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def since(name: str, overlap: timedelta = timedelta(minutes=5)) -> IncrementalWindow:
    """What changed from the window's start on; the list ends after the window."""
    return IncrementalWindow(
        ask=lambda window: {name: stamp(window.start)},
        state=lambda window: RequestState(until=stamp(window.end)),
        overlap=overlap,
    )


def days(window: Window) -> dict[str, str]:
    return {"created_at": window.start.date().isoformat()}


def last_day(window: Window) -> RequestState:
    return RequestState(until=window.end.date().isoformat())


def activity(field: str, key: str) -> Output:
    """Activities have no id and may repeat: the key is a hash of what they tell."""
    return Output(
        TICKET_EVENT,
        section="file",
        filter=Present(f"activity.{key}"),
        fields={
            "event_id": sql(
                f"md5(concat_ws('|', {{ticket_id}}, {{performed_at}}, '{field}',"
                f" {{activity.{key}}}))"
            ),
            "ticket_id": "ticket_id",
            "field": sql(f"'{field}'"),
            "to_value": f"activity.{key}",
            "changed_at": sql("strptime({performed_at}, '%d-%m-%Y %H:%M:%S %z')"),
            "actor_id": "performer_id",
        },
    )


def week(schedule: Record, context: RecordContext) -> Iterable[Row]:
    for number, day in enumerate(DAYS):
        hours = (schedule.get("business_hours") or {}).get(day)
        if hours:
            yield {
                "schedule_id": schedule["id"],
                "name": schedule.get("name"),
                "time_zone": schedule.get("time_zone"),
                "is_default": schedule.get("is_default"),
                "starts_minute": number * 1440 + minutes(hours["start_time"]),
                "ends_minute": number * 1440 + minutes(hours["end_time"]),
                "version_at": schedule.get("updated_at"),
            }


def minutes(text: str) -> int:
    """Minutes from midnight of "08:00:00 am"; "12:00:00 am" at the end of a day is midnight."""
    clock_time, half = text.split(" ")
    hour, minute = (int(part) for part in clock_time.split(":")[:2])
    return (hour % 12 + (12 if half == "pm" else 0)) * 60 + minute


def targets(policy: Record, context: RecordContext) -> Iterable[Row]:
    for name, target in (policy.get("sla_target") or {}).items():
        for metric, key in (("first_response", "respond_within"), ("resolution", "resolve_within")):
            if target.get(key) is not None:
                yield {
                    "policy_id": policy["id"],
                    "metric": metric,
                    "priority": name.removeprefix("priority_"),
                    "name": policy.get("name"),
                    "target_minutes": target[key] / 60,
                    "is_business": target.get("business_hours"),
                    "version_at": policy.get("updated_at"),
                }


def statuses(field: Record, context: RecordContext) -> Iterable[Row]:
    if field.get("name") == "status":
        for code, labels in (field.get("choices") or {}).items():
            yield {"status_id": code, "label": labels[0]}


def gone(kind: str) -> Stream:
    return Stream(
        name=f"{kind}_tickets",
        description=f"Tickets marked as {kind}",
        path="/api/v2/tickets",
        params={"filter": kind, "order_by": "updated_at", "order_type": "asc"},
        records=TopLevelList(),
        paging=CHANGES,
        sync=since("updated_since"),
        outputs=(
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "id",
                    "deleted_at": "updated_at",
                    "version_at": "updated_at",
                },
            ),
        ),
    )


def people(name: str, description: str, output: Output) -> Stream:
    return Stream(
        name=name,
        description=description,
        path=f"/api/v2/{name}",
        records=TopLevelList(),
        paging=LIST,
        sync=since("updated_since"),
        from_beginning=True,
        outputs=(output,),
    )


connector = Connector(
    name="freshdesk",
    title="Freshdesk",
    docs="https://developers.freshdesk.com/api/",
    api_version="v2",
    base_url="https://{domain}.freshdesk.com",
    settings=("domain",),
    optional_settings=("file_hosts",),
    auth=Basic("{api_key}", "api_key", other="X"),
    check=Request("/api/v2/agents/me"),
    limits=Limits(requests_per_minute=160),
    file_hosts=("freshdesk.com", "amazonaws.com"),
    unsupported=("holidays", "merges", "which SLA policy applies (due times are told)"),
    streams=(
        Stream(
            name="tickets",
            description="Tickets, their messages and SLA due times",
            path="/api/v2/tickets",
            records=TopLevelList(),
            paging=CHANGES,
            params={"order_by": "updated_at", "order_type": "asc", "include": "stats"},
            sync=since("updated_since"),
            child_streams=(
                ChildStream(
                    "conversations",
                    lambda ids: Request(f"/api/v2/tickets/{ids[0]}/conversations"),
                    key="id",
                    records=TopLevelList(),
                    paging=LIST,
                ),
            ),
            outputs=(
                Output(
                    TICKET,
                    fields={
                        "ticket_id": "id",
                        "subject": "subject",
                        "status": "status",
                        "priority": "priority",
                        "type": "type",
                        "channel": "source",
                        "requester_id": "requester_id",
                        "organization_id": "company_id",
                        "assignee_id": "responder_id",
                        "team_id": "group_id",
                        "created_at": "created_at",
                        "solved_at": "stats.resolved_at",
                        "closed_at": "stats.closed_at",
                        "version_at": "updated_at",
                    },
                ),
                Output(
                    MESSAGE,
                    fields={
                        "message_id": sql("cast({id} as varchar) || '-description'"),
                        "ticket_id": "id",
                        "sent_at": "created_at",
                        "sequence": sql("0"),
                        "is_public": sql("true"),
                        "author_id": sql(
                            "case when {source} = 10 then {responder_id} else {requester_id} end"
                        ),
                        "author_role": sql(
                            "case when {source} = 10 then 'agent' else 'customer' end"
                        ),
                    },
                ),
                Output(
                    MESSAGE,
                    section="conversations",
                    fields={
                        "message_id": "id",
                        "ticket_id": "ticket_id",
                        "sent_at": "created_at",
                        "author_id": "user_id",
                        "sequence": "id",
                        "author_role": sql(
                            "case when cast({incoming} as boolean) then 'customer' else 'agent' end"
                        ),
                        "is_public": sql("not cast({private} as boolean)"),
                        "body": "body_text",
                    },
                ),
                *clock("first_response", "fr_due_by", "stats.first_responded_at"),
                *clock("resolution", "due_by", "stats.resolved_at"),
            ),
        ),
        gone("deleted"),
        gone("spam"),
        Stream(
            name="activities",
            description="History of status, agent, group and priority, one file a day",
            path="/api/v2/export/ticket_activities",
            records=WholeBody(),
            paging=EachDay("created_at"),
            sync=IncrementalWindow(ask=days, state=last_day, overlap=timedelta(days=2)),
            missing_is_empty=True,
            child_streams=(
                ChildStream(
                    "file",
                    lambda urls: Request(urls[0], anonymous=True),
                    key="export.url",
                    records="activities_data",
                ),
            ),
            outputs=(
                activity("status", "status"),
                activity("assignee", "agent_id"),
                activity("team", "group"),
                activity("priority", "priority"),
            ),
        ),
        Stream(
            name="ratings",
            description=(
                "Satisfaction ratings; seven days are read again, for customers who change their"
                " mind"
            ),
            path="/api/v2/surveys/satisfaction_ratings",
            records=TopLevelList(),
            paging=LIST,
            sync=since("created_since", overlap=timedelta(days=7)),
            optional=True,
            outputs=(
                Output(
                    SURVEY_RESPONSE,
                    fields={
                        "response_id": "id",
                        "survey_id": "survey_id",
                        "score": sql(SMILEY),
                        **score("csat", 1, 5),
                        "ticket_id": "ticket_id",
                        "customer_id": "user_id",
                        "agent_id": "agent_id",
                        "responded_at": "created_at",
                        "comment": "feedback",
                        "version_at": "updated_at",
                    },
                ),
            ),
        ),
        Stream(
            name="time_entries",
            description="Time that agents entered; 30 days are read again",
            path="/api/v2/time_entries",
            records=TopLevelList(),
            paging=LIST,
            optional=True,
            sync=IncrementalWindow(
                ask=lambda w: {"executed_after": stamp(w.start), "executed_before": stamp(w.end)},
                overlap=timedelta(days=30),
            ),
            outputs=(
                Output(
                    TIME_ENTRY,
                    fields={
                        "entry_id": "id",
                        "ticket_id": "ticket_id",
                        "agent_id": "agent_id",
                        "entered_at": "executed_at",
                        "version_at": "updated_at",
                        "seconds": sql(
                            "cast(split_part({time_spent}, ':', 1) as int) * 3600 +"
                            " cast(split_part({time_spent}, ':', 2) as int) * 60"
                        ),
                    },
                ),
            ),
        ),
        full(
            "agents",
            "Agents of today; those who left stay as they were",
            Output(
                AGENT,
                fields={
                    "agent_id": "id",
                    "name": "contact.name",
                    "email": "contact.email",
                    "role": sql("'agent'"),
                    "is_active": "contact.active",
                    "time_zone": "contact.time_zone",
                    "created_at": "created_at",
                    "version_at": "updated_at",
                },
            ),
            paging=LIST,
        ),
        full(
            "groups",
            "Teams and their members",
            Output(
                TEAM,
                fields={
                    "team_id": "id",
                    "name": "name",
                    "is_active": sql("true"),
                    "version_at": "updated_at",
                },
            ),
            Output(TEAM_MEMBERSHIP, each="agent_ids", fields={"agent_id": Item(), "team_id": "id"}),
            paging=LIST,
        ),
        people(
            "contacts",
            "Customers",
            Output(
                CUSTOMER,
                fields={
                    "customer_id": "id",
                    "organization_id": "company_id",
                    "name": "name",
                    "email": "email",
                    "created_at": "created_at",
                    "version_at": "updated_at",
                },
            ),
        ),
        people(
            "companies",
            "Organizations",
            Output(
                ORGANIZATION,
                fields={
                    "organization_id": "id",
                    "name": "name",
                    "domain": sql("cast({domains} as varchar[])[1]"),
                    "created_at": "created_at",
                    "version_at": "updated_at",
                },
            ),
        ),
        full(
            "sla_policies",
            "SLA targets by priority",
            Output(SLA_POLICY, transform=targets),
            optional=True,
        ),
        full(
            "business_hours",
            "Business hours; holidays are not in the API",
            Output(BUSINESS_SCHEDULE, transform=week),
            replaces=True,
            optional=True,
        ),
        full(
            "ticket_fields",
            "Labels of statuses",
            Output(TICKET_STATUS, transform=statuses),
            optional=True,
        ),
    ),
)
