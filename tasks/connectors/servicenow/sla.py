"""ServiceNow: SLA clocks and policies."""

from tasks.connectors.servicenow.api import table
from tasks.entities import SLA_EVENT, SLA_POLICY
from tasks.rest.spec import Output
from tasks.rest.values import sql


def sla(kind: str, at: str, condition: str) -> Output:
    """Events of a row of task_sla.

    A breach happens at the planned end; running values are stale and not used.
    """
    return Output(
        SLA_EVENT,
        filter=sql(f"{{stage}} <> 'cancelled' and {condition}"),
        fields={
            "event_id": sql(f"{{sys_id}} || '-{kind}'"),
            "ticket_id": "task",
            "policy_id": "sla",
            "metric": sql("coalesce({sla.target}, 'resolution')"),
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


STREAMS = (
    table(
        "slas",
        "SLA results of tickets",
        "task_sla",
        (
            "sys_id,task,sla,sla.target,sla.duration,stage,has_breached,start_time,end_time,"
            "planned_end_time,schedule,sys_updated_on"
        ),
        (
            sla("apply", "start_time", "true"),
            sla(
                "fulfill",
                "end_time",
                "{end_time} is not null and {stage} in ('completed', 'achieved')",
            ),
            sla("breach", "planned_end_time", "{has_breached} = 'true'"),
        ),
        optional=True,
    ),
    table(
        "sla_policies",
        "SLA definitions",
        "contract_sla",
        "sys_id,name,collection,target,duration,schedule,active,sys_updated_on",
        (
            Output(
                SLA_POLICY,
                fields={
                    "policy_id": "sys_id",
                    "metric": sql("coalesce({target}, 'resolution')"),
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
