"""ServiceNow: SLA clocks and policies."""

from tasks.connectors.servicenow.api import table
from tasks.entities import SLA_EVENT, SLA_POLICY, TICKET_EVENT
from tasks.rest.spec import Output
from tasks.rest.values import sql

# Agreements with inner teams and suppliers are no promise to the customer.
METRIC = (
    "case when coalesce({{{kind}}}, 'SLA') <> 'SLA' then lower({{{kind}}})"
    " else coalesce({{{target}}}, 'unspecified') end"
)


def sla(kind: str, at: str, condition: str) -> Output:
    """Events of a row of task_sla.

    A breach happens at the planned end; running values are stale and not used. What is breached
    and then ends has an end, whatever its stage says.
    """
    return Output(
        SLA_EVENT,
        filter=sql(f"{{stage}} <> 'cancelled' and {condition}"),
        fields={
            "event_id": sql(f"{{sys_id}} || '-{kind}'"),
            "ticket_id": "task",
            "policy_id": "sla",
            "metric": sql(METRIC.format(kind="sla.type", target="sla.target")),
            "instance": "sys_id",
            "kind": sql(f"'{kind}'"),
            "happened_at": at,
            "version_at": "sys_updated_on",
            "is_business": sql("{schedule} is not null"),
            "target_minutes": sql(
                "date_diff('second', timestamp '1970-01-01', try_cast({sla.duration} as timestamp))"
                " / 60"
            ),
        },
    )


# The schedule of a ticket is that of its SLA; of two that begin at once, the resolution's.
SCHEDULE = Output(
    TICKET_EVENT,
    filter=sql("{schedule} is not null and {stage} <> 'cancelled'"),
    fields={
        "event_id": sql("{sys_id} || '-schedule'"),
        "ticket_id": "task",
        "field": sql("'schedule'"),
        "from_value": "schedule",
        "to_value": "schedule",
        "changed_at": "start_time",
        "sequence": sql("case when {sla.target} = 'resolution' then 2 else 1 end"),
        "version_at": "sys_updated_on",
    },
)


STREAMS = (
    table(
        "slas",
        "SLA results of tickets, and the schedule that applies",
        "task_sla",
        (
            "sys_id,task,sla,sla.target,sla.type,sla.duration,stage,has_breached,start_time,"
            "end_time,planned_end_time,schedule,sys_updated_on"
        ),
        (
            sla("apply", "start_time", "true"),
            sla("fulfill", "end_time", "{end_time} is not null"),
            sla("breach", "planned_end_time", "{has_breached} = 'true'"),
            SCHEDULE,
        ),
        optional=True,
    ),
    table(
        "sla_policies",
        "SLA definitions",
        "contract_sla",
        "sys_id,name,collection,type,target,duration,schedule,active,sys_updated_on",
        (
            Output(
                SLA_POLICY,
                fields={
                    "policy_id": "sys_id",
                    "metric": sql(METRIC.format(kind="type", target="target")),
                    "priority": sql("'any'"),
                    "name": "name",
                    "target_minutes": sql(
                        "date_diff('second', timestamp '1970-01-01', try_cast({duration} as"
                        " timestamp)) / 60"
                    ),
                    "is_business": sql("{schedule} is not null"),
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        full=True,
        optional=True,
    ),
)
