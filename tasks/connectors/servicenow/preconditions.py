"""ServiceNow: what must hold at the instance, and only calls can tell."""

from collections.abc import Iterable, Mapping

from tasks.connectors.servicenow.api import MOST, TABLE
from tasks.connectors.servicenow.schedules import ON_DAYS, WEEKDAYS
from tasks.connectors.servicenow.transforms import RATINGS, Fields, data_type, plain_record
from tasks.rest.shapes import one_is_default
from tasks.rest.spec import Json, Precondition, Probe, Request

GMT = {
    "",
    "GMT",
    "UTC",
    "Etc/GMT",
    "Etc/UTC",
    "Zulu",
}
SET_GMT = "set the time zone of the API user (sys_user.time_zone) to GMT"
Ratings = dict[str, list[str]]  # names of questions, by survey

TRIES = 3  # a record may change between two calls


def rows(answer: Json) -> list[Fields]:
    """The records of an answer; none of one that was refused or is no list."""
    listed = answer.get("result") if isinstance(answer, Mapping) else None
    records = listed if isinstance(listed, list) else ()
    return [plain_record(one) for one in records if isinstance(one, Mapping)]


def ask(
    table: str,
    query: str,
    fields: str,
    most: int = 1,
) -> Request:
    """The first records of a table."""
    return Request(
        TABLE + table,
        {
            "sysparm_query": query,
            "sysparm_fields": fields,
            "sysparm_limit": str(most),
            "sysparm_exclude_reference_link": "true",
            "sysparm_display_value": "false",
        },
    )


def time_zone(settings: Mapping[str, Json]) -> Probe:
    """Whether times of a query are read as UTC, in which answers are written.

    The instance reads them in the zone of the user: elsewhere than at GMT, windows would be hours
    off and rows lost. A record that is asked for by its own time must come; and the user must not
    have a zone that is GMT in winter only.
    """
    login = settings.get("user") or "nobody"
    users = yield ask("sys_user", f"user_name={login}", "sys_id,time_zone")
    for user in rows(users):
        zone = user.get("time_zone") or ""
        if zone not in GMT:
            return (f"queries are read in {zone}; {SET_GMT}",)
    for table in ("incident", "sn_customerservice_case", "sys_user"):
        newest = rows((yield ask(table, "ORDERBYDESCsys_updated_on", "sys_id,sys_updated_on")))
        if newest and newest[0].get("sys_updated_on"):
            return (yield from _is_found_by_its_time(table, newest[0]))
    return ()


def _is_found_by_its_time(table: str, record: Fields) -> Probe:
    fields, one = "sys_id,sys_updated_on", f"sys_id={record.get('sys_id')}"
    for _ in range(TRIES):
        at = record["sys_updated_on"]
        found = yield ask(table, f"{one}^sys_updated_on>={at}^sys_updated_on<={at}", fields)
        if rows(found):
            return ()
        now = rows((yield ask(table, one, fields)))
        if not now or now[0].get("sys_updated_on") in (None, at):
            break
        record = now[0]
    return (f"a record of {at} is not found at that time: queries are not read as UTC; {SET_GMT}",)


def history(settings: Mapping[str, Json]) -> Probe:
    """Whether the changes of incidents can be read: without them there is no history."""
    incidents = rows((yield ask("incident", "sys_idISNOTEMPTY", "sys_id")))
    changes = rows((yield ask("sys_audit", "tablename=incident", "sys_id")))
    if incidents and not changes:
        return ("no change can be read; let the API user read sys_audit, or select state_metrics",)
    return ()


def fields(settings: Mapping[str, Json]) -> Probe:
    """Whether the fields of incidents without which nothing counts are shown to the API user."""
    needed = ("sys_id", "state", "opened_at", "sys_updated_on")
    answer = yield ask("incident", "sys_idISNOTEMPTY", ",".join(needed))
    for row in rows(answer):
        hidden = [name for name in needed if not row.get(name)]
        if hidden:
            return (f"incident.{', '.join(hidden)} is hidden; let the API user read it",)
    return ()


def schedules(settings: Mapping[str, Json]) -> Probe:
    """Which schedule tickets without an SLA have, and which zone floating schedules mean."""
    weekly = f"typeISEMPTY^repeat_typeIN{','.join([*WEEKDAYS, *ON_DAYS])}"
    names = "schedule,schedule.name,schedule.time_zone"
    answer = yield ask("cmn_schedule_span", weekly, names, MOST)
    spans = rows(answer)
    listed = {span["schedule"]: span.get("schedule.name") for span in spans}
    complaints = list(one_is_default(listed, settings))
    floating = [one for one in spans if not one.get("schedule.time_zone")]
    if floating and not settings.get("time_zone"):
        complaints.append(
            f"{floating[0].get('schedule.name')} has no time zone of its own; set time_zone of the"
            " account, else business.time_zone counts"
        )
    return complaints


def questions(settings: Mapping[str, Json]) -> Probe:
    """Which questions of surveys count as CSAT, where no setting names them."""
    if settings.get("scores"):
        return ()
    asked = ask(
        "asmt_metric",
        "metric_type.evaluation_method=survey^active=true",
        "sys_id,name,datatype,metric_type,metric_type.name",
        1000,
    )
    ratings = Ratings()
    answer = yield asked
    for row in rows(answer):
        survey = row.get("metric_type.name") or row.get("metric_type")
        listed = ratings.setdefault(str(survey), [])
        if data_type(row.get("datatype")) in RATINGS:
            listed.append(str(row.get("name")))
    return tuple(_wrong_surveys(ratings))


def _wrong_surveys(by_survey: Ratings) -> Iterable[str]:
    for survey, ratings in by_survey.items():
        if len(ratings) > 1:
            yield (
                f"{survey} has several ratings ({', '.join(ratings)}), and all count as CSAT; name"
                " yours in [[accounts.scores]]"
            )
        if not ratings:
            yield f"{survey} has no rating; name its score in [[accounts.scores]], if it has one"


PRECONDITIONS = (
    Precondition("time zone", probe=time_zone, is_blocking=True),
    Precondition("history", probe=history, needed_by="audit"),
    Precondition("fields", probe=fields, needed_by="incidents"),
    Precondition("schedules", probe=schedules, needed_by="schedules"),
    Precondition("survey questions", probe=questions, needed_by="csat"),
)
