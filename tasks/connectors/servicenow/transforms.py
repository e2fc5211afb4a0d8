"""ServiceNow: pure functions from one record to rows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tasks.connectors.servicenow.schedules import (
    FLOATING,
    Interval,
    Records,
    Span,
    Texts,
    hours_of,
    spans_of,
)
from tasks.rest.scores import Scale, configured, readable
from tasks.rest.spec import Json, Record, RecordContext, Refusal, Row


def written(instant: datetime) -> str:
    """An instant as the API writes it."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def plain(value: Json) -> Json:
    """The plain value of a reference, which comes as text or as an object with a link.

    With display values every field is such an object.
    """
    return value.get("value") if isinstance(value, dict) else value


Fields = Mapping[str, Json]
Found = Iterable[Row | Refusal]


def plain_record(record: Fields) -> dict[str, Json]:
    """A record whose references are plain values."""
    return {name: plain(value) for name, value in record.items()}


RATINGS = {"scale", "likert", "likertscale", "numericscale", "imagescale", "template"}
OTHERS = frozenset(  # data types that are no scale by themselves
    [
        "attachment",
        "boolean",
        "checkbox",
        "choice",
        "date",
        "datetime",
        "duration",
        "integer",
        "long",
        "multiplecheckbox",
        "number",
        "percent",
        "percentage",
        "ranking",
        "reference",
        "signature",
        "string",
        "yesno",
    ]
)
DIRECTIONS = {"high": "higher", "low": "lower"}  # which end of the scale is the good one


def score_rows(answer: Record, context: RecordContext) -> Found:
    """The score of an answered question of a finished survey.

    Where the account names scores, only those count, whatever their data type; else each rating
    is one of CSAT. Scale and direction are those of the question: an answer without them is
    refused, for nothing says what it means.
    """
    given = plain_record(answer)
    scores = context.settings.get("scores")
    config = _config_of(given, scores or ())
    if not _is_answer(given):
        return
    if config is None:
        yield from _unknown_type(given, is_named=bool(scores))
        return
    known = _scale_of(given)
    by_definition = "higher" if config["metric"] == "nps" else None
    good_end = str(given.get("metric.scale")).lower()
    better = by_definition or DIRECTIONS.get(good_end)
    is_known = known or {"scale_min", "scale_max"} <= set(config)
    if not is_known or not (better or "better" in config):
        question = given.get("metric.name") or given.get("metric")
        words = f"{question}: no scale or direction; name it in [[accounts.scores]] with its scale"
        yield Refusal(words, {"response_id": given["sys_id"]})
        return
    yield {
        **configured(
            {
                "better": better,
                **config,
                "question_id": given.get("metric"),
            },
            known,
        ),
        "response_id": given["sys_id"],
        "survey_id": given.get("instance.metric_type"),
        "score": readable(given["actual_value"]),
        "ticket_id": given.get("instance.trigger_id"),
        "responded_at": given["instance.taken_on"],
        "version_at": given.get("sys_updated_on"),
    }


def data_type(written: Json) -> str:
    """A data type without its spelling: no recorded answer says how it is written."""
    return re.sub(r"[^a-z]", "", str(written or "").lower())


def _unknown_type(given: Fields, *, is_named: bool) -> Iterable[Refusal]:
    """An answer of a type that may be a rating, where no setting names the scores."""
    kind = given.get("metric.datatype") or "hidden"
    if is_named or data_type(kind) in OTHERS:
        return
    question = given.get("metric.name") or given.get("metric")
    words = f"{question}: data type {kind} is not known; name the scores in [[accounts.scores]]"
    yield Refusal(words, {"response_id": given["sys_id"]})


def _scale_of(given: Fields) -> Scale | None:
    """The least and greatest value of a question, where it has them."""
    low = readable(given.get("metric.min") or "")
    high = readable(given.get("metric.max") or "")
    if isinstance(low, str) or isinstance(high, str):
        return None
    return (low, high) if low < high else None


def _is_answer(given: Fields) -> bool:
    """Whether a result is an answer that somebody gave to a survey, and finished."""
    is_survey = (given.get("instance.metric_type.evaluation_method") or "survey") == "survey"
    is_finished = (given.get("instance.state") or "complete") == "complete"
    is_given = given.get("instance.taken_on") and given.get("actual_value")
    return bool(is_survey and is_finished and is_given)


def _config_of(given: Fields, scores: Sequence[Fields]) -> Fields | None:
    """How the question of a result is read: as the settings say; None if it is no score."""
    if not scores:
        is_rating = data_type(given.get("metric.datatype")) in RATINGS
        return {"metric": "csat"} if is_rating else None
    asked = [given.get(name) for name in ("metric", "metric.name")]
    surveys = ["", None, given.get("instance.metric_type")]
    for score in scores:
        if score["question_id"] in asked and score.get("survey_id") in surveys:
            return score
    return None


PREFIXES = {"incident": "", "sn_customerservice_case": "case "}


def english_first(choice: Fields) -> tuple[bool, str]:
    """The order of the languages of a label."""
    language = str(choice.get("language"))
    return language != "en", language


def labels(body: Record, context: RecordContext) -> Iterable[Row]:
    """Labels of states: of the table itself, else of the table that it extends.

    A label in English where there is one, else in the first of the other languages: states that an
    instance adds may have one only there.
    """
    by_table: dict[str, list[Fields]] = {}
    for choice in map(plain_record, body["result"]):
        by_table.setdefault(choice["name"], []).append(choice)
    for table, prefix in PREFIXES.items():
        listed = by_table.get(table) or by_table.get("task") or ()
        best: dict[str, Fields] = {}
        for one in sorted(listed, key=english_first):
            best.setdefault(one["value"], one)
        yield from (
            {
                "status_id": prefix + value,
                "label": one.get("label"),
                "version_at": one.get("sys_updated_on"),
            }
            for value, one in best.items()
        )


def business_hours(body: Record, context: RecordContext) -> Found:
    """The weekly hours of every schedule, of all spans and the links between schedules."""
    if body["result"] and context.parent_document is None:
        yield Refusal("the links between schedules cannot be read: holidays may be missing")
    for hours in _schedules(body, context).values():
        for start, end in hours.week:
            yield {
                "schedule_id": hours.schedule,
                "name": hours.name,
                "time_zone": hours.time_zone,
                "starts_minute": start,
                "ends_minute": end,
                "version_at": hours.version_at,
            }
        if hours.doubts and (hours.week or hours.is_unread):
            words = f"{hours.name} lacks {'; '.join(hours.doubts)}"[:400]
            yield Refusal(words, {"schedule_id": hours.schedule})


def closed_days(body: Record, context: RecordContext) -> Iterable[Row]:
    """Days on which spans close a schedule, its own and those of schedules that it includes."""
    for hours in _schedules(body, context).values():
        for span, day in hours.closed:
            is_one = (span.record.get("repeat_type") or "") != "yearly"
            yield {
                "schedule_id": hours.schedule,
                "holiday_id": span.record["sys_id"] + ("" if is_one else f"-{day}"),
                "name": span.record.get("name"),
                "first_on": str(day),
                "last_on": str(day + span.length - timedelta(days=1)),
                "version_at": span.record["sys_updated_on"],
            }


@dataclass(frozen=True, slots=True)
class _Schedule:
    """What the spans of one schedule make."""

    schedule: str
    name: str
    time_zone: str
    week: list[Interval]
    closed: list[tuple[Span, date]]
    doubts: list[str]
    is_unread: bool
    version_at: str


def _schedules(body: Record, context: RecordContext) -> dict[str, _Schedule]:
    """Every schedule that has spans or includes another, by id."""
    records: dict[str, list[Texts]] = {}
    for record in map(plain_record, body["result"]):
        records.setdefault(record["schedule"], []).append(record)
    document = context.parent_document or {"result": ()}
    links = [plain_record(link) for link in document["result"]]
    own: dict[str, Texts] = {link["schedule"]: link for link in links}
    for schedule, spans in records.items():
        own[schedule] = spans[0]
    return {one: _schedule(one, own[one], records, links) for one in own}


def _schedule(
    one: str,
    own: Texts,
    records: Records,
    links: Sequence[Texts],
) -> _Schedule:
    """What its own spans, and those that it includes, make of a schedule.

    `own` is a record that tells its name and its zone: a span of its own, or a link.
    """
    spans, wrong = spans_of(one, records, links)
    hours = hours_of(spans)
    changed = [span.record["sys_updated_on"] for span in spans]
    doubts = [f"{span.name}: {doubt}" for span, doubt in hours.doubts]
    return _Schedule(
        schedule=one,
        name=own.get("schedule.name") or one,
        time_zone=own.get("schedule.time_zone") or FLOATING,
        week=hours.intervals,
        closed=hours.closed,
        doubts=[*wrong, *doubts],
        is_unread=bool(wrong) or hours.has_weekly_doubt,
        version_at=max(changed, default=own["sys_updated_on"]),
    )
