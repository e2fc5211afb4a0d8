"""Zendesk Support: agents, teams, customers and organizations."""

from tasks.connectors.zendesk.api import EXPORTS_PER_MINUTE, by_cursor, by_time, export, full, since
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP, TOMBSTONE
from tasks.rest.spec import IncrementalCursor, IncrementalWindow, Output, Stream
from tasks.rest.values import Expression, sql

# A deleted user is not active; later the vendor clears the record, and marks it once more.
IS_DELETED = (
    "(not coalesce(cast({active} as boolean), true)"
    " or coalesce(cast({permanently_deleted} as boolean), false))"
)
IS_CUSTOMER = sql("coalesce({role}, '') not in ('agent', 'admin')")


def unless_deleted(field: str) -> Expression:
    """A personal value, which leaves with its person."""
    return sql(f"case when {IS_DELETED} then null else {{{field}}} end")


STREAMS = (
    Stream(
        name="users",
        description="Agents and customers",
        path="/api/v2/incremental/users/cursor.json",
        records="users",
        paging=export,
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
                    "time_zone": sql("coalesce({iana_time_zone}, {time_zone})"),
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
                filter=IS_CUSTOMER,
                fields={
                    "customer_id": "id",
                    "organization_id": "organization_id",
                    "name": unless_deleted("name"),
                    "email": unless_deleted("email"),
                    "created_at": "created_at",
                    "version_at": "updated_at",
                },
            ),
            Output(
                TOMBSTONE,
                filter=sql(f"{IS_DELETED} and coalesce({{role}}, '') not in ('agent', 'admin')"),
                fields={
                    "entity": sql("'customer'"),
                    "record_id": "id",
                    "deleted_at": "updated_at",
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
            Output(
                TOMBSTONE,
                filter=sql("{deleted_at} is not null"),
                fields={
                    "entity": sql("'organization'"),
                    "record_id": "id",
                    "deleted_at": "deleted_at",
                    "version_at": "deleted_at",
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
)
