"""Typeform: forms, their questions, and the scores that the account's settings name.

Facts: typeform.com/developers. Answers come newest first and page by the token of the last one;
totals tell what remains and are no stop sign (airbytehq/airbyte#34484). The newest half hour may be
missing, hence the overlap. Two calls a second. Unanswered questions are absent.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from tasks.clock import Window
from tasks.entities import SURVEY, SURVEY_QUESTION, SURVEY_RESPONSE
from tasks.rest.auth import Bearer, OAuth2, OneOf
from tasks.rest.paging import BeforeLast, PageNumber
from tasks.rest.spec import (
    Connector,
    IncrementalWindow,
    Limits,
    Output,
    ParentStream,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
)

SCALED = {"nps", "opinion_scale", "rating"}


def between(window: Window) -> dict[str, str]:
    return {
        "since": window.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "until": window.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "response_type": "completed",
    }


def fields_of(holder: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Questions; those of groups lie inside them."""
    for field in holder.get("fields") or ():
        yield field
        yield from fields_of(field.get("properties") or {})


def scale(field: Mapping[str, Any]) -> tuple[int, int] | None:
    """Lowest and highest score.

    Ratings start at 1, opinion scales and NPS at 0 unless the form says otherwise.
    """
    properties = field.get("properties") or {}
    if field.get("type") not in SCALED:
        return None
    low = 1 if field["type"] == "rating" or properties.get("start_at_one") else 0
    return low, low + int(properties.get("steps") or (11 if field["type"] == "nps" else 5)) - 1


def question_rows(form: Record, context: RecordContext) -> Iterable[Row]:
    for field in fields_of(form):
        low, high = scale(field) or (None, None)
        yield {
            "survey_id": form["id"],
            "question_id": field.get("ref") or field["id"],
            "heading": field.get("title"),
            "family": field.get("type"),
            "scale_min": low,
            "scale_max": high,
        }


def number(answer: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """The number, or what the setting `choices` gives for the choice; else a text, which sets the
    row aside by name.
    """
    if answer.get("type") == "number":
        return answer.get("number")
    choice = answer.get("choice") or {}
    return (config.get("choices") or {}).get(
        choice.get("ref") or choice.get("label"),
        f"choice {choice.get('label')} has no score in the settings",
    )


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered; questions are known by `ref`, else by id."""
    survey = context.partition
    wanted = {
        str(s["question_id"]): s
        for s in context.settings.get("scores", ())
        if str(s["survey_id"]) == survey
    }
    asked = {field["id"]: scale(field) for field in fields_of(context.parent_document or {})}
    for answer in response.get("answers") or ():
        field = answer.get("field") or {}
        config = wanted.get(str(field.get("ref"))) or wanted.get(str(field.get("id")))
        if config:
            low, high = asked.get(str(field.get("id"))) or (1, 5)
            yield {
                "response_id": f"{survey}/{response['response_id']}/{config['question_id']}",
                "survey_id": survey,
                "question_id": config["question_id"],
                "metric": config["metric"],
                "score": number(answer, config),
                "scale_min": config.get("scale_min", low),
                "scale_max": config.get("scale_max", high),
                "better": config.get("better", "higher"),
                "ticket_id": (
                    (response.get("hidden") or {}).get(config.get("ticket_variable", "ticket_id"))
                    or None
                ),
                "ticket_account": config.get("ticket_account"),
                "responded_at": response.get("submitted_at"),
                "version_at": response.get("submitted_at"),
            }


connector = Connector(
    name="typeform",
    title="Typeform",
    docs="https://www.typeform.com/developers/responses/",
    api_version="2024",
    base_url="https://api.typeform.com",
    auth=OneOf(
        (
            Bearer("access_token"),
            OAuth2(
                "/oauth/token", "refresh_token", ("client_id", "client_secret", "refresh_token")
            ),
        )
    ),
    check=Request("/forms", {"page_size": "1"}),
    limits=Limits(
        requests_per_minute=110, retry_statuses=frozenset({408, 429, 499, 500, 502, 503, 504})
    ),
    unsupported=("invitations",),
    streams=(
        Stream(
            name="responses",
            description="Forms, questions and scores",
            path="/forms/{key}/responses",
            records="items",
            paging=BeforeLast("token", "before", "page_size", 1000),
            sync=IncrementalWindow(ask=between, overlap=timedelta(hours=1)),
            parent=ParentStream(
                Request("/forms", {"sort_by": "last_updated_at", "order_by": "asc"}),
                records="items",
                partition_key="id",
                partition_cursor="last_updated_at",
                paging=PageNumber(size={"page_size": "200"}, pages="page_count"),
                parent_document=lambda form: Request(f"/forms/{form}"),
                recheck=timedelta(0),
            ),
            outputs=(
                Output(
                    SURVEY,
                    section="parents",
                    fields={"survey_id": "id", "title": "title", "version_at": "last_updated_at"},
                ),
                Output(SURVEY_QUESTION, section="parent_document", transform=question_rows),
                Output(SURVEY_RESPONSE, transform=score_rows),
            ),
        ),
    ),
)
