"""ServiceNow: opening hours and holidays."""

from tasks.connectors.servicenow.api import MOST, PLAIN, TABLE
from tasks.connectors.servicenow.transforms import business_hours, closed_days
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.paging import OnePage
from tasks.rest.spec import Document, FullRefresh, Output, Request, Stream
from tasks.rest.values import Header, WholeBody

SPAN = (
    "sys_id,name,schedule,schedule.name,schedule.time_zone,start_date_time,end_date_time,"
    "repeat_type,repeat_count,repeat_until,days_of_week,yearly_type,month,float_week,float_day,"
    "type,sys_updated_on"
)

STREAMS = (
    Stream(
        name="schedules",
        description="Weekly hours and closed days of schedules, and of those that they include",
        path=TABLE + "cmn_schedule_span",
        records=WholeBody(),
        params={
            "sysparm_fields": SPAN,
            "sysparm_query": "scheduleISNOTEMPTY^ORDERBYsys_updated_on^ORDERBYsys_id",
            **PLAIN,
        },
        paging=OnePage(total=Header("x-total-count"), most=MOST),
        sync=FullRefresh(),
        optional=True,
        document=Document(
            Request(
                TABLE + "cmn_other_schedule",
                {
                    "sysparm_fields": (
                        "sys_id,schedule,schedule.name,schedule.time_zone,child_schedule,type,"
                        "sys_updated_on"
                    ),
                    "sysparm_query": "child_scheduleISNOTEMPTY^ORDERBYsys_id",
                    **PLAIN,
                },
            )
        ),
        outputs=(
            Output(BUSINESS_SCHEDULE, transform=business_hours),
            Output(HOLIDAY, transform=closed_days),
        ),
    ),
)
