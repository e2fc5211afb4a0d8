"""ServiceNow: opening hours and holidays."""

from tasks.connectors.servicenow.api import TABLE, table
from tasks.connectors.servicenow.transforms import child_holiday, own_holiday
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.paging import SinglePage
from tasks.rest.spec import IncrementalWindow, Output, ParentStream, Request, Stream
from tasks.rest.values import sql

AT = (  # 2026-01-01 08:00:00 or 20260101T080000
    "coalesce(try_cast({{{f}}} as timestamp), try_strptime({{{f}}}[:15], '%Y%m%dT%H%M%S'))"
)

WEEK_MINUTE = f"(({{day}}) % 7) * 1440 + date_part('hour', {AT}) * 60 + date_part('minute', {AT})"

SPAN = (
    "sys_id,name,schedule,schedule.name,schedule.time_zone,start_date_time,"
    "end_date_time,repeat_type,days_of_week,yearly_type,month,float_week,float_day,"
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


STREAMS = (
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
)
