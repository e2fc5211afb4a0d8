"""ServiceNow through the Table API: incidents, customer cases and what belongs to them.

Facts: the Table API reference. Tables are read by keyset (time, sys_id), because offsets lose rows
and a page can come short when access rules hide rows of it. The user must have time zone GMT. Every
value is text, null is "".
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from tasks.clock import Window, occurrences
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
    TIME_ENTRY,
    TOMBSTONE,
)
from tasks.rest.auth import Basic, OAuth2, OneOf
from tasks.rest.paging import Keyset, SinglePage
from tasks.rest.shapes import score
from tasks.rest.spec import (
    Connector,
    FullRefresh,
    IncrementalWindow,
    Limits,
    Output,
    ParentStream,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
    Total,
)
from tasks.rest.values import Header, sql

TABLE = "/api/now/table/"
EVENT_FIELDS = {
    "state": "status",
    "assigned_to": "assignee",
    "assignment_group": "team",
    "priority": "priority",
}
TASK = (
    "sys_id,number,short_description,state,priority,category,contact_type,caller_id,company,opened_by,assigned_to,assignment_group,"
    "opened_at,resolved_at,closed_at,reopen_count,reassignment_count,made_sla,sys_created_on,sys_updated_on"
)
WAITS = "'awaiting user info'"
STATE = sql(f"case when {{state}} = '3' and {{hold_reason}} = '1' then {WAITS} else {{state}} end")


def written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def plain(value: Any) -> Any:
    """A reference comes as text, or as an object with a link; with display values every field is an
    object.
    """
    return value.get("value") if isinstance(value, dict) else value


def table(
    name: str,
    description: str,
    table_name: str,
    fields: str,
    outputs: tuple[Output, ...],
    *,
    time: str = "sys_updated_on",
    only: str = "",
    full: bool = False,
    replaces: bool = False,
    optional: bool = False,
    people: bool = False,
    enabled: bool = True,
) -> Stream:
    """A table read by keyset on `time` and sys_id, within the window unless `full`."""
    extra = f"^{only}" if only else ""
    order = f"^ORDERBY{time}^ORDERBYsys_id"

    def ask(window: Window) -> dict[str, str]:
        return {
            "sysparm_query": (
                f"{time}>={written(window.start)}^{time}<{written(window.end)}{extra}{order}"
            )
        }

    def above(query: str, at: str, sys_id: str) -> str:
        end = f"^{time}<{query.split(f'{time}<', 1)[1][:19]}" if f"{time}<" in query else ""
        return f"{time}={at}^sys_id>{sys_id}{extra}^NQ{time}>{at}{end}{extra}{order}"

    return Stream(
        name=name,
        description=description,
        path=TABLE + table_name,
        records="result",
        outputs=outputs,
        flat=True,
        empty_is_null=True,
        scalar=plain,
        params={
            "sysparm_fields": fields,
            "sysparm_exclude_reference_link": "true",
            "sysparm_display_value": "false",
            **({"sysparm_query": f"sys_idISNOTEMPTY{extra}{order}"} if full else {}),
        },
        paging=Keyset(
            time, "sys_id", "sysparm_query", "sysparm_offset", "sysparm_limit", 1000, above
        ),
        sync=FullRefresh(replaces=replaces)
        if full
        else IncrementalWindow(ask=ask, overlap=timedelta(minutes=5)),
        total=Total(Header("x-total-count"), strict=False),
        optional=optional,
        from_beginning=people,
        enabled=enabled,
    )


def tickets(
    name: str, description: str, *, optional: bool = False, account: str = "company"
) -> Stream:
    return table(
        name,
        description,
        "incident" if name == "incidents" else "sn_customerservice_case",
        f"{TASK},hold_reason" if account == "company" else f"{TASK},{account},contact",
        (
            Output(
                TICKET,
                fields={
                    "ticket_id": "sys_id",
                    "number": "number",
                    "subject": "short_description",
                    "status": STATE if name == "incidents" else "state",
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
        ),
        optional=optional,
    )


def audit(field: str, name: str) -> Output:
    return Output(
        TICKET_EVENT,
        filter=sql(f"{{fieldname}} = '{field}'"),
        fields={
            "event_id": "sys_id",
            "ticket_id": "documentkey",
            "field": sql(f"'{name}'"),
            "from_value": "oldvalue",
            "to_value": "newvalue",
            "changed_at": "sys_created_on",
            "actor_id": "user",
            "sequence": sql("try_cast({record_checkpoint} as bigint) * 2"),
        },
    )


def held() -> Output:
    """On hold for the caller is pending.

    The reason is a change of its own, told beside that of the state, so it comes after it.
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


def sla(kind: str, at: str, condition: str) -> Output:
    """task_sla rows told as events.

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


AT = (  # 2026-01-01 08:00:00 or 20260101T080000
    "coalesce(try_cast({{{f}}} as timestamp), try_strptime({{{f}}}[:15], '%Y%m%dT%H%M%S'))"
)
WEEK_MINUTE = f"(({{day}}) % 7) * 1440 + date_part('hour', {AT}) * 60 + date_part('minute', {AT})"
SPAN = (
    "sys_id,name,schedule,schedule.name,schedule.time_zone,start_date_time,end_date_time,repeat_type,days_of_week,yearly_type,month,float_week,float_day,"
    "repeat_until,type,sys_updated_on"
)


def spans(day: int) -> Output:
    """A weekly span on one of its days; days_of_week is digits, 1 Monday to 7 Sunday."""
    return Output(
        BUSINESS_SCHEDULE,
        filter=sql(
            "coalesce({type}, '') <> 'excluded' and {repeat_type} in ('weekly', 'specific')"
            f" and contains({{days_of_week}}, '{day}')"
        ),
        fields={
            "schedule_id": "schedule",
            "name": "schedule.name",
            "time_zone": sql("coalesce({schedule.time_zone}, 'GMT')"),
            "starts_minute": sql(WEEK_MINUTE.format(day=day, f="start_date_time")),
            "ends_minute": sql(WEEK_MINUTE.format(day=day, f="end_date_time")),
            "version_at": "sys_updated_on",
        },
    )


def on(written: str) -> date:
    return date.fromisoformat(written[:10] if "-" in written else written[:8])


def closed(span: Record, schedules: Iterable[str]) -> Iterable[Row]:
    """Days of a span that closes schedules: once, or every year on its date or on a floating one
    (the second Monday of May).
    """
    first, until = on(span["start_date_time"]), span.get("repeat_until") or ""
    floats = {
        "month": int(span.get("month") or first.month),
        "weekdays": [int(span.get("float_day") or 1) - 1],
        "nth": int(span["float_week"]) if span.get("float_week") in {"1", "2", "3", "4"} else -1,
    }
    fixed = {"month": first.month, "day": first.day}
    days = (
        occurrences(
            first,
            on(until) if until.strip("0") else None,
            every="year",
            **(floats if span.get("yearly_type") == "float" else fixed),
        )
        if span.get("repeat_type") == "yearly"
        else [first]
    )
    yield from (
        {
            "schedule_id": schedule,
            "holiday_id": span["sys_id"] if len(days) == 1 else f"{span['sys_id']}-{day}",
            "name": span["name"],
            "first_on": str(day),
            "last_on": str(day + (on(span["end_date_time"]) - first)),
            "version_at": span["sys_updated_on"],
        }
        for schedule in schedules
        for day in days
    )


def own_holiday(span: Record, context: RecordContext) -> Iterable[Row]:
    return closed(span, [plain(span["schedule"])]) if span["type"] == "excluded" else ()


def child_holiday(span: Record, context: RecordContext) -> Iterable[Row]:
    """Spans of a child schedule, for every schedule that it is taken out of."""
    return closed(span, [plain(link["schedule"]) for link in context.parent_document["result"]])


connector = Connector(
    name="servicenow",
    title="ServiceNow",
    docs="https://www.servicenow.com/docs/ (REST API reference, Table API)",
    api_version="now/table",
    base_url="https://{instance}.service-now.com",
    settings=("instance",),
    optional_settings=("user",),
    auth=OneOf(
        (
            Basic("{user}", "password"),
            OAuth2("/oauth_token.do", "client_credentials", ("client_id", "client_secret")),
        )
    ),
    check=Request(TABLE + "sys_user", {"sysparm_limit": "1", "sysparm_fields": "sys_id"}),
    limits=Limits(requests_per_minute=240),
    failed_inside="error",
    unsupported=("merges",),
    streams=(
        tickets("incidents", "Incidents"),
        tickets("cases", "Customer service cases", optional=True, account="account"),
        table(
            "audit",
            "Changes of state, assignee, group and priority",
            "sys_audit",
            "sys_id,tablename,documentkey,fieldname,oldvalue,newvalue,user,sys_created_on,record_checkpoint",
            (*(audit(field, name) for field, name in EVENT_FIELDS.items()), held()),
            time="sys_created_on",
            only="tablenameINincident,sn_customerservice_case^fieldnameINstate,hold_reason,assigned_to,assignment_group,priority",
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
        table(
            "journal",
            "Comments and work notes",
            "sys_journal_field",
            "sys_id,name,element,element_id,value,sys_created_on,sys_created_by",
            (
                Output(
                    MESSAGE,
                    fields={
                        "message_id": "sys_id",
                        "ticket_id": "element_id",
                        "sent_at": "sys_created_on",
                        "author_id": "sys_created_by",
                        "is_public": sql("{element} = 'comments'"),
                        "body": "value",
                    },
                ),
            ),
            time="sys_created_on",
            only="nameINincident,sn_customerservice_case,task^elementINcomments,work_notes",
        ),
        table(
            "slas",
            "SLA results of tickets",
            "task_sla",
            "sys_id,task,sla,sla.target,sla.duration,stage,has_breached,start_time,end_time,planned_end_time,schedule,sys_updated_on",
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
        table(
            "users",
            "Agents and callers",
            "sys_user",
            "sys_id,user_name,name,email,active,time_zone,company,sys_created_on,sys_updated_on",
            (
                Output(
                    AGENT,
                    fields={
                        "agent_id": "sys_id",
                        "login": "user_name",
                        "name": "name",
                        "email": "email",
                        "is_active": "active",
                        "time_zone": "time_zone",
                        "created_at": "sys_created_on",
                        "version_at": "sys_updated_on",
                    },
                ),
                Output(
                    CUSTOMER,
                    fields={
                        "customer_id": "sys_id",
                        "organization_id": "company",
                        "name": "name",
                        "email": "email",
                        "login": "user_name",
                        "created_at": "sys_created_on",
                        "version_at": "sys_updated_on",
                    },
                ),
            ),
            people=True,
        ),
        table(
            "groups",
            "Assignment groups",
            "sys_user_group",
            "sys_id,name,active,sys_updated_on",
            (
                Output(
                    TEAM,
                    fields={
                        "team_id": "sys_id",
                        "name": "name",
                        "is_active": "active",
                        "version_at": "sys_updated_on",
                    },
                ),
            ),
            full=True,
        ),
        table(
            "memberships",
            "Who belongs to which group",
            "sys_user_grmember",
            "sys_id,user,group,sys_updated_on",
            (
                Output(
                    TEAM_MEMBERSHIP,
                    fields={"agent_id": "user", "team_id": "group", "version_at": "sys_updated_on"},
                ),
            ),
            full=True,
            replaces=True,
        ),
        table(
            "accounts",
            "Customer accounts",
            "customer_account",
            "sys_id,name,website,country,sys_created_on,sys_updated_on",
            (
                Output(
                    ORGANIZATION,
                    fields={
                        "organization_id": "sys_id",
                        "name": "name",
                        "domain": "website",
                        "country": "country",
                        "created_at": "sys_created_on",
                        "version_at": "sys_updated_on",
                    },
                ),
            ),
            people=True,
            optional=True,
        ),
        table(
            "schedules",
            "Weekly spans of schedules and the excluded ones, which are holidays",
            "cmn_schedule_span",
            SPAN,
            (*(spans(day) for day in range(1, 8)), Output(HOLIDAY, transform=own_holiday)),
            full=True,
            replaces=True,
            optional=True,
        ),
        Stream(
            name="child_schedules",
            description="Holidays of schedules that are taken out of others",
            path=TABLE + "cmn_schedule_span",
            records="result",
            params={
                "sysparm_fields": SPAN,
                "sysparm_exclude_reference_link": "true",
                "sysparm_display_value": "false",
                "sysparm_limit": "1000",
                "sysparm_query": "schedule={key}^ORDERBYsys_updated_on^ORDERBYsys_id",
            },
            paging=SinglePage(),
            sync=IncrementalWindow(),
            optional=True,
            outputs=(Output(HOLIDAY, transform=child_holiday),),
            parent=ParentStream(
                Request(
                    TABLE + "cmn_other_schedule",
                    {
                        "sysparm_query": "type=excluded^ORDERBYsys_updated_on^ORDERBYsys_id",
                        "sysparm_limit": "1000",
                        "sysparm_fields": "sys_id,child_schedule,sys_updated_on",
                        "sysparm_exclude_reference_link": "true",
                    },
                ),
                records="result",
                partition_key="child_schedule",
                partition_cursor="sys_updated_on",
                paging=SinglePage(),
                parent_document_has="result",
                parent_document=lambda child: Request(
                    TABLE + "cmn_other_schedule",
                    {
                        "sysparm_query": f"type=excluded^child_schedule={child}",
                        "sysparm_fields": "schedule,type",
                    },
                ),
            ),
        ),
        table(
            "csat_sent",
            "Satisfaction surveys sent",
            "asmt_assessment_instance",
            "sys_id,trigger_id,metric_type,sys_created_on,sys_updated_on",
            (
                Output(
                    SURVEY_INVITATION,
                    fields={
                        "invitation_id": "sys_id",
                        "survey_id": "metric_type",
                        "ticket_id": "trigger_id",
                        "sent_at": "sys_created_on",
                        "version_at": "sys_updated_on",
                    },
                ),
            ),
            only="trigger_tableINincident,sn_customerservice_case",
            optional=True,
        ),
        table(
            "csat",
            "Satisfaction answers",
            "asmt_metric_result",
            "sys_id,instance,instance.trigger_id,instance.taken_on,instance.metric_type,metric,actual_value,sys_updated_on",
            (
                Output(
                    SURVEY_RESPONSE,
                    filter=sql("{instance.taken_on} is not null"),
                    fields={
                        "response_id": "sys_id",
                        "survey_id": "instance.metric_type",
                        "question_id": "metric",
                        "score": "actual_value",
                        **score("csat", 1, 5),
                        "ticket_id": "instance.trigger_id",
                        "responded_at": "instance.taken_on",
                        "version_at": "sys_updated_on",
                    },
                ),
            ),
            optional=True,
        ),
        table(
            "time_worked",
            "Time that agents entered",
            "task_time_worked",
            "sys_id,task,user,time_in_seconds,sys_created_on,sys_updated_on",
            (
                Output(
                    TIME_ENTRY,
                    fields={
                        "entry_id": "sys_id",
                        "ticket_id": "task",
                        "agent_id": "user",
                        "entered_at": "sys_created_on",
                        "seconds": "time_in_seconds",
                        "version_at": "sys_updated_on",
                    },
                ),
            ),
            optional=True,
        ),
        table(
            "choices",
            "Labels of states",
            "sys_choice",
            "sys_id,name,element,value,label,language,sys_updated_on",
            (Output(TICKET_STATUS, fields={"status_id": "value", "label": "label"}),),
            full=True,
            only="nameINincident,sn_customerservice_case^element=state^language=en",
            optional=True,
        ),
        table(
            "deletions",
            "Deleted tickets, where the table is audited",
            "sys_audit_delete",
            "sys_id,tablename,documentkey,sys_created_on",
            (
                Output(
                    TOMBSTONE,
                    fields={
                        "entity": sql("'ticket'"),
                        "record_id": "documentkey",
                        "deleted_at": "sys_created_on",
                        "version_at": "sys_created_on",
                    },
                ),
            ),
            time="sys_created_on",
            only="tablenameINincident,sn_customerservice_case",
            optional=True,
        ),
    ),
)
