"""Zendesk Support: incremental exports, which are complete (archived and deleted tickets included)
and cheap.

Facts: developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports. Exports
take 10 requests a minute, leave out the newest minute, and select on a system timestamp, so
`updated_at` is never used as a bookmark.
"""

from datetime import timedelta
from functools import partial

from tasks.clock import Window
from tasks.entities import (
    AGENT,
    BUSINESS_SCHEDULE,
    CUSTOMER,
    HOLIDAY,
    MESSAGE,
    ORGANIZATION,
    SLA_EVENT,
    SLA_POLICY,
    SURVEY_INVITATION,
    SURVEY_RESPONSE,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TICKET_STATUS,
    TOMBSTONE,
)
from tasks.rest.auth import Basic, Bearer, OneOf
from tasks.rest.paging import CursorParam, NextUrl
from tasks.rest.shapes import full_refresh, score
from tasks.rest.spec import (
    ChildStream,
    Connector,
    IncrementalCursor,
    IncrementalWindow,
    Limits,
    Output,
    Request,
    Stream,
)
from tasks.rest.values import Item, Partition, Present, sql

EXPORTS_PER_MINUTE = 10
by_cursor = CursorParam(
    at="meta.after_cursor", param="page[after]", size={"page[size]": "100"}, more="meta.has_more"
)
by_time = NextUrl(at="next_page", ends="end_of_stream")
full = partial(full_refresh, at="/api/v2")
targets = Output(
    SLA_POLICY,
    each="policy_metrics",
    fields={
        "policy_id": "id",
        "metric": Item("metric"),
        "priority": sql("coalesce({priority}, 'any')", priority=Item("priority")),
        "name": "title",
        "target_minutes": Item("target"),
        "is_business": Item("business_hours"),
    },
)


def since(window: Window) -> dict[str, str]:
    return {"start_time": str(int(window.start.timestamp()))}


def between(window: Window) -> dict[str, str]:
    return {**since(window), "end_time": str(int(window.end.timestamp()))}


def export(name: str, size: int) -> CursorParam:
    return CursorParam(
        at="after_cursor",
        param="cursor",
        size={"per_page": str(size)},
        ends="end_of_stream",
        alone=True,
        keeps=("per_page", "include"),
    )


def change(field: str, key: str) -> Output:
    """Child events of one field; a value that was taken away is there and null."""
    return Output(
        TICKET_EVENT,
        each="child_events",
        filter=Present(Item(key)),
        fields={
            "event_id": Item("id"),
            "ticket_id": "ticket_id",
            "field": sql(f"'{field}'"),
            "from_value": Item("previous_value"),
            "to_value": Item(key),
            "changed_at": "created_at",
            "actor_id": "updater_id",
            "sequence": Item("id"),
        },
    )


connector = Connector(
    name="zendesk",
    title="Zendesk Support",
    docs="https://developer.zendesk.com/api-reference/",
    api_version="v2",
    base_url="https://{subdomain}.zendesk.com",
    settings=("subdomain",),
    optional_settings=("email",),
    auth=OneOf((Basic("{email}/token", "api_token"), Bearer("oauth_token"))),
    check=Request("/api/v2/users/me.json"),
    is_login=lambda answer: bool(
        answer["user"].get("id")
    ),  # a bad token may answer as an anonymous user
    limits=Limits(requests_per_minute=200),
    unsupported=("merges other than by the tag closed_by_merge",),
    streams=(
        Stream(
            name="tickets",
            description="Tickets, deleted ones included",
            path="/api/v2/incremental/tickets/cursor.json",
            params={"include": "metric_sets"},
            records="tickets",
            requests_per_minute=EXPORTS_PER_MINUTE,
            paging=export(
                "tickets", 200
            ),  # 1,000 with sideloads ran into 504 (airbytehq/airbyte#33435)
            sync=IncrementalCursor(ask=since, cursor="after_cursor", param="cursor"),
            outputs=(
                Output(
                    TICKET,
                    filter=sql("{status} is distinct from 'deleted'"),
                    fields={
                        "ticket_id": "id",
                        "subject": "subject",
                        "status": "status",
                        "priority": "priority",
                        "type": "type",
                        "channel": "via.channel",
                        "requester_id": "requester_id",
                        "organization_id": "organization_id",
                        "assignee_id": "assignee_id",
                        "team_id": "group_id",
                        "created_by_id": "submitter_id",
                        "created_at": "created_at",
                        "solved_at": "metric_set.solved_at",
                        "is_merged": sql(
                            "coalesce(list_contains(cast({tags} as varchar[]), 'closed_by_merge'),"
                            " false)"
                        ),
                        "vendor_reopens_count": "metric_set.reopens",
                        "vendor_reassignments_count": sql(
                            "greatest(cast({metric_set.assignee_stations} as bigint) - 1, 0)"
                        ),
                        "vendor_first_reply_minutes": "metric_set.reply_time_in_minutes.calendar",
                        "vendor_first_reply_business_minutes": (
                            "metric_set.reply_time_in_minutes.business"
                        ),
                        "vendor_full_resolution_minutes": (
                            "metric_set.full_resolution_time_in_minutes.calendar"
                        ),
                        "version_at": sql("to_timestamp(cast({generated_timestamp} as double))"),
                    },
                ),
                Output(
                    TOMBSTONE,
                    filter=sql("{status} = 'deleted'"),
                    fields={
                        "entity": sql("'ticket'"),
                        "record_id": "id",
                        "deleted_at": "updated_at",
                        "version_at": sql("to_timestamp(cast({generated_timestamp} as double))"),
                    },
                ),
            ),
        ),
        Stream(
            name="ticket_events",
            description="Changes and messages of tickets",
            path="/api/v2/incremental/ticket_events.json",
            params={"include": "comment_events", "per_page": "1000"},
            records="ticket_events",
            paging=by_time,
            requests_per_minute=EXPORTS_PER_MINUTE,
            sync=IncrementalWindow(ask=since),
            outputs=(
                change("status", "status"),
                change("assignee", "assignee_id"),
                change("team", "group_id"),
                change("priority", "priority"),
                Output(
                    MESSAGE,
                    each="child_events",
                    filter=sql("{kind} = 'Comment'", kind=Item("event_type")),
                    fields={
                        "message_id": Item("id"),
                        "ticket_id": "ticket_id",
                        "sent_at": "created_at",
                        "author_id": Item("author_id"),
                        "is_public": Item("public"),
                        "body": Item("body"),
                        "sequence": Item("id"),
                    },
                ),
            ),
        ),
        Stream(
            name="users",
            description="Agents and customers",
            path="/api/v2/incremental/users/cursor.json",
            records="users",
            paging=export("users", 1000),
            from_beginning=True,
            requests_per_minute=EXPORTS_PER_MINUTE,
            sync=IncrementalCursor(ask=since, cursor="after_cursor", param="cursor"),
            outputs=(
                Output(
                    AGENT,
                    filter=sql("{role} in ('agent', 'admin')"),
                    fields={
                        "agent_id": "id",
                        "name": "name",
                        "email": "email",
                        "role": "role",
                        "time_zone": "time_zone",
                        "is_active": sql(
                            "coalesce(cast({active} as boolean), true) and not"
                            " coalesce(cast({suspended} as boolean), false)"
                        ),
                        "created_at": "created_at",
                        "version_at": "updated_at",
                    },
                ),
                Output(
                    CUSTOMER,
                    filter=sql("coalesce({role}, '') not in ('agent', 'admin')"),
                    fields={
                        "customer_id": "id",
                        "organization_id": "organization_id",
                        "name": "name",
                        "email": "email",
                        "created_at": "created_at",
                        "version_at": "updated_at",
                    },
                ),
            ),
        ),
        Stream(
            name="organizations",
            description="Organizations",
            path="/api/v2/incremental/organizations.json",
            records="organizations",
            paging=by_time,
            requests_per_minute=EXPORTS_PER_MINUTE,
            sync=IncrementalWindow(ask=since),
            from_beginning=True,
            outputs=(
                Output(
                    ORGANIZATION,
                    fields={
                        "organization_id": "id",
                        "name": "name",
                        "domain": sql("cast({domain_names} as varchar[])[1]"),
                        "country": "organization_fields.country",
                        "created_at": "created_at",
                        "version_at": "updated_at",
                    },
                ),
            ),
        ),
        Stream(
            name="sla_events",
            description="Events of SLA clocks",
            path="/api/v2/incremental/ticket_metric_events.json",
            records="ticket_metric_events",
            paging=by_time,
            requests_per_minute=EXPORTS_PER_MINUTE,
            sync=IncrementalWindow(ask=since),
            optional=True,
            outputs=(
                Output(
                    SLA_EVENT,
                    filter=sql(
                        "{type} in ('activate', 'apply_sla', 'pause', 'fulfill', 'breach') and not"
                        " coalesce(cast({deleted} as boolean), false)"
                    ),
                    fields={
                        "event_id": "id",
                        "ticket_id": "ticket_id",
                        "policy_id": "sla.policy.id",
                        "metric": "metric",
                        "instance": "instance_id",
                        "kind": sql("replace({type}, 'apply_sla', 'apply')"),
                        "happened_at": "time",
                        "target_minutes": "sla.target",
                        "is_business": "sla.business_hours",
                    },
                ),
            ),
        ),
        Stream(
            name="satisfaction",
            description=(
                "Satisfaction ratings, offered and answered; 30 days are read again for changed"
                " ones"
            ),
            path="/api/v2/satisfaction_ratings.json",
            records="satisfaction_ratings",
            paging=by_cursor,
            optional=True,
            sync=IncrementalWindow(ask=between, overlap=timedelta(days=30)),
            outputs=(
                Output(
                    SURVEY_INVITATION,
                    filter=sql("{score} <> 'unoffered'"),
                    fields={
                        "invitation_id": "id",
                        "ticket_id": "ticket_id",
                        "customer_id": "requester_id",
                        "sent_at": "created_at",
                    },
                ),
                Output(
                    SURVEY_RESPONSE,
                    filter=sql("{score} like 'good%' or {score} like 'bad%'"),
                    fields={
                        "response_id": "id",
                        "score": sql("case when {score} like 'good%' then 1 else 0 end"),
                        **score("csat", 0, 1),
                        "ticket_id": "ticket_id",
                        "customer_id": "requester_id",
                        "agent_id": "assignee_id",
                        "responded_at": "updated_at",
                        "comment": "comment",
                        "version_at": "updated_at",
                    },
                ),
            ),
        ),
        Stream(
            name="survey_responses",
            description="Answers to the newer CSAT surveys (accounts have either these or ratings)",
            path="/api/v2/guide/survey_responses.json",
            records="survey_responses",
            paging=by_cursor,
            optional=True,
            enabled=False,
            outputs=(
                Output(
                    SURVEY_RESPONSE,
                    each="answers",
                    filter=sql("{rating} is not null", rating=Item("rating")),
                    fields={
                        "response_id": "id",
                        "survey_id": "survey.id",
                        "score": Item("rating"),
                        **score("csat", 1, 5),
                        "ticket_id": sql(
                            "regexp_extract(cast({subjects} as varchar), 'ticket:(\\d+)', 1)"
                        ),
                        "customer_id": "responder_id",
                        "responded_at": Item("created_at"),
                        "version_at": Item("updated_at"),
                    },
                ),
            ),
        ),
        full(
            "groups",
            "Teams, deleted ones included",
            Output(
                TEAM,
                fields={
                    "team_id": "id",
                    "name": "name",
                    "is_active": sql("not coalesce(cast({deleted} as boolean), false)"),
                },
            ),
            path="groups.json",
            params={"exclude_deleted": "false"},
            paging=by_cursor,
        ),
        full(
            "memberships",
            "Who belongs to which team",
            Output(
                TEAM_MEMBERSHIP,
                fields={"agent_id": "user_id", "team_id": "group_id", "is_default": "default"},
            ),
            path="group_memberships.json",
            records="group_memberships",
            paging=by_cursor,
            replaces=True,
        ),
        full(
            "sla_policies",
            "SLA policies and their targets",
            targets,
            path="slas/policies.json",
            replaces=True,
            optional=True,
        ),
        full(
            "group_sla_policies",
            "Group SLA policies: how long a team may hold a ticket",
            targets,
            path="group_slas/policies.json",
            paging=by_cursor,
            replaces=True,
            optional=True,
        ),
        full(
            "schedules",
            "Business schedules and their holidays",
            Output(
                BUSINESS_SCHEDULE,
                each="intervals",
                fields={
                    "schedule_id": "id",
                    "name": "name",
                    "time_zone": "time_zone",
                    "starts_minute": Item("start_time"),
                    "ends_minute": Item("end_time"),
                },
            ),
            Output(
                HOLIDAY,
                section="holidays",
                fields={
                    "schedule_id": Partition(),
                    "holiday_id": "id",
                    "name": "name",
                    "first_on": "start_date",
                    "last_on": "end_date",
                },
            ),
            path="business_hours/schedules.json",
            replaces=True,
            optional=True,
            child_streams=(
                ChildStream(
                    "holidays",
                    lambda ids: Request(f"/api/v2/business_hours/schedules/{ids[0]}/holidays.json"),
                    key="id",
                    records="holidays",
                ),
            ),
        ),
        full(
            "custom_statuses",
            "Statuses and their categories",
            Output(
                TICKET_STATUS,
                fields={"status_id": "id", "label": "agent_label", "category": "status_category"},
            ),
            path="custom_statuses.json",
            optional=True,
        ),
        full(
            "deleted_tickets",
            "Tickets deleted in the last 30 days",
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "id",
                    "deleted_at": "deleted_at",
                    "version_at": "deleted_at",
                },
            ),
            path="deleted_tickets.json",
            paging=by_cursor,
            optional=True,
            requests_per_minute=10,
        ),
    ),
)
