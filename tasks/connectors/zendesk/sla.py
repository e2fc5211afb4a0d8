"""Zendesk Support: SLA clocks and policies."""

from tasks.connectors.zendesk.api import EXPORTS_PER_MINUTE, by_cursor, by_time, full, since
from tasks.entities import SLA_EVENT, SLA_POLICY
from tasks.rest.spec import IncrementalWindow, Output, Stream
from tasks.rest.values import Item, sql

targets = Output(
    SLA_POLICY,
    each="policy_metrics",
    fields={
        "policy_id": "id",
        "metric": Item("metric"),
        "priority": sql("coalesce({priority}, 'any')", priority=Item("priority")),
        "name": "title",
        "target_minutes": sql(
            "coalesce(cast({exact} as double) / 60, cast({minutes} as double))",
            exact=Item("target_in_seconds"),
            minutes=Item("target"),
        ),
        "is_business": Item("business_hours"),
    },
)

STREAMS = (
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
                    "{type} in ('activate', 'apply_sla', 'apply_group_sla', 'pause', 'fulfill',"
                    " 'breach') and not coalesce(cast({deleted} as boolean), false)"
                ),
                fields={
                    "event_id": "id",
                    "ticket_id": "ticket_id",
                    "policy_id": sql(
                        "coalesce(cast({sla.policy.id} as varchar),"
                        " cast({group_sla.policy.id} as varchar))"
                    ),
                    "metric": "metric",
                    "instance": "instance_id",
                    "kind": sql("regexp_replace({type}, '^apply_.*', 'apply')"),
                    "happened_at": "time",
                    "target_minutes": sql(
                        "coalesce(cast({sla.target_in_seconds} as double) / 60,"
                        " cast({sla.target} as double),"
                        " cast({group_sla.target_in_seconds} as double) / 60,"
                        " cast({group_sla.target} as double))"
                    ),
                    "is_business": sql(
                        "coalesce(cast({sla.business_hours} as boolean),"
                        " cast({group_sla.business_hours} as boolean))"
                    ),
                },
            ),
        ),
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
)
