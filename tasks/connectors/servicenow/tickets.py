"""ServiceNow: tickets and their history."""

from tasks.connectors.servicenow.api import MOST, PLAIN, TABLE, table
from tasks.connectors.servicenow.figures import FIELDS, INCIDENT, figures
from tasks.connectors.servicenow.transforms import labels
from tasks.entities import TICKET, TICKET_EVENT, TICKET_STATUS
from tasks.rest.paging import OnePage
from tasks.rest.spec import FullRefresh, Output, Stream
from tasks.rest.values import Header, WholeBody, sql

EVENT_FIELDS = {
    "state": "status",
    "assigned_to": "assignee",
    "assignment_group": "team",
    "priority": "priority",
}

TASK = (
    "sys_id,number,short_description,state,priority,category,contact_type,caller_id,"
    "company,opened_by,assigned_to,assignment_group,"
    "opened_at,resolved_at,closed_at,reopen_count,reassignment_count,made_sla,"
    "sys_created_on,sys_updated_on"
)

WAITS = "'awaiting user info'"

STATE = sql(f"case when {{state}} = '3' and {{hold_reason}} = '1' then {WAITS} else {{state}} end")

CASES = "'sn_customerservice_case'"  # states of cases have numbers of their own: 3 is closed


def state_of(table: str, column: str) -> str:
    """A state, with the word case before that of a customer service case."""
    return f"case when {{{table}}} = {CASES} then 'case ' || {{{column}}} else {{{column}}} end"


def tickets(
    name: str, description: str, *, optional: bool = False, account: str = "company"
) -> Stream:
    """Incidents or customer service cases, which have their customer in other fields."""
    return table(
        name,
        description,
        "incident" if name == "incidents" else "sn_customerservice_case",
        f"{TASK},{FIELDS},hold_reason" if account == "company" else f"{TASK},{account},contact",
        (
            Output(
                TICKET,
                fields={
                    "ticket_id": "sys_id",
                    "number": "number",
                    "subject": "short_description",
                    "status": STATE if name == "incidents" else sql("'case ' || {state}"),
                    "priority": "priority",
                    "type": "category",
                    "channel": "contact_type",
                    "requester_id": "caller_id" if account == "company" else "contact",
                    "organization_id": account,
                    "assignee_id": "assigned_to",
                    "team_id": "assignment_group",
                    "created_by_id": "opened_by",
                    "created_at": "opened_at",
                    "solved_at": "resolved_at",
                    "closed_at": "closed_at",
                    "vendor_reopens_count": "reopen_count",
                    "vendor_reassignments_count": "reassignment_count",
                    "vendor_made_sla": "made_sla",
                    "version_at": "sys_updated_on",
                },
            ),
            figures(*INCIDENT) if account == "company" else figures(),
        ),
        optional=optional,
        hides_deleted=True,
    )


def audit(field: str, name: str) -> Output:
    """Changes of one audited field."""
    is_state = name == "status"
    return Output(
        TICKET_EVENT,
        filter=sql(f"{{fieldname}} = '{field}'"),
        fields={
            "event_id": "sys_id",
            "ticket_id": "documentkey",
            "field": sql(f"'{name}'"),
            "from_value": sql(state_of("tablename", "oldvalue")) if is_state else "oldvalue",
            "to_value": sql(state_of("tablename", "newvalue")) if is_state else "newvalue",
            "changed_at": "sys_created_on",
            "actor_id": "user",
            "sequence": sql("try_cast({record_checkpoint} as bigint) * 2"),
        },
    )


def held() -> Output:
    """On hold for the caller is pending.

    The reason is a change of its own at the instant of the state's, so it comes after it.
    """
    return Output(
        TICKET_EVENT,
        filter=sql(
            "{fieldname} = 'hold_reason' and {newvalue} is not null and ({newvalue} = '1' or"
            " coalesce({oldvalue}, '') = '1')"
        ),
        fields={
            "event_id": "sys_id",
            "ticket_id": "documentkey",
            "field": sql("'status'"),
            "from_value": sql(f"case when {{oldvalue}} = '1' then {WAITS} else '3' end"),
            "to_value": sql(f"case when {{newvalue}} = '1' then {WAITS} else '3' end"),
            "changed_at": "sys_created_on",
            "actor_id": "user",
            "sequence": sql("try_cast({record_checkpoint} as bigint) * 2 + 1"),
        },
    )


STREAMS = (
    tickets("incidents", "Incidents"),
    tickets("cases", "Customer service cases", optional=True, account="account"),
    table(
        "audit",
        "Changes of state, assignee, group and priority",
        "sys_audit",
        (
            "sys_id,tablename,documentkey,fieldname,oldvalue,newvalue,user,sys_created_on,"
            "record_checkpoint"
        ),
        (*(audit(field, name) for field, name in EVENT_FIELDS.items()), held()),
        time="sys_created_on",
        only=(
            "tablenameINincident,sn_customerservice_case^fieldnameINstate,hold_reason,"
            "assigned_to,assignment_group,priority"
        ),
    ),
    table(
        "state_metrics",
        "State history from metrics, for users who may not read sys_audit",
        "metric_instance",
        "sys_id,table,id,field,value,start,end,sys_updated_on",
        (
            Output(
                TICKET_EVENT,
                filter=sql("{field} in ('state', 'incident_state')"),
                fields={
                    "event_id": "sys_id",
                    "ticket_id": "id",
                    "field": sql("'status'"),
                    "to_value": "value",
                    "changed_at": "start",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        optional=True,
        enabled=False,
    ),
    Stream(
        name="choices",
        description="Labels of states, in English where they have one",
        path=TABLE + "sys_choice",
        records=WholeBody(),
        params={
            "sysparm_fields": "sys_id,name,element,value,label,language,sys_updated_on",
            "sysparm_query": (
                "nameINincident,sn_customerservice_case,task^element=state"
                "^ORDERBYsys_updated_on^ORDERBYsys_id"
            ),
            **PLAIN,
        },
        paging=OnePage(total=Header("x-total-count"), most=MOST),
        sync=FullRefresh(),
        optional=True,
        outputs=(Output(TICKET_STATUS, transform=labels),),
    ),
)
