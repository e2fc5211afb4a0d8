"""SurveyMonkey v3: surveys, their questions, and the scores that the account's settings name.

Facts: github.com/SurveyMonkey/public_api_docs. Each survey has its own bookmark (one for all loses
answers: airbytehq/airbyte#14998); one without new answers is read again once a day, because edits
do not change the count. A draft app has 500 calls a day: when they are spent the run stops cleanly
and the next one goes on.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tasks.clock import Window
from tasks.entities import SURVEY, SURVEY_QUESTION, SURVEY_RESPONSE
from tasks.rest.auth import Bearer
from tasks.rest.paging import LinkWithQuery
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
    Total,
)

LIVE_MODES = {"default", "email", "weblink", "offline", "kiosk"}
DAY_LEFT = "x-ratelimit-app-global-day-remaining"


def modified(window: Window) -> dict[str, str]:
    return {
        "start_modified_at": window.start.strftime("%Y-%m-%dT%H:%M:%S"),
        "end_modified_at": window.end.strftime("%Y-%m-%dT%H:%M:%S"),
    }


def questions_of(details: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for page in details.get("pages") or ():
        yield from page.get("questions") or ()


def choices_of(question: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["id"]: c for c in (question.get("answers") or {}).get("choices") or ()}


def number(choice: Mapping[str, Any]) -> float | None:
    """The score of a choice: its text.

    Not its weight, which for NPS is the bucket (-100, 0, 100) and not 0-10.
    """
    try:
        return float(str(choice.get("text")).split(" ")[0])
    except ValueError:
        return None


def question_rows(details: Record, context: RecordContext) -> Iterable[Row]:
    for question in questions_of(details):
        scores = [s for s in map(number, choices_of(question).values()) if s is not None]
        headings = question.get("headings") or [{}]
        yield {
            "survey_id": details["id"],
            "question_id": question["id"],
            "heading": headings[0].get("heading"),
            "family": question.get("family"),
            "scale_min": min(scores, default=None),
            "scale_max": max(scores, default=None),
        }


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered.

    A choice that is gone from the survey leaves its id as the score, which is not a number: the row
    is set aside with that as the reason, and not lost.
    """
    if response.get("collection_mode", "default") not in LIVE_MODES:
        return
    wanted = {
        (str(s["survey_id"]), str(s["question_id"])): s for s in context.settings.get("scores", ())
    }
    known = {q["id"]: q for q in questions_of(context.parent_document or {})}
    variables = response.get("custom_variables") or {}
    for question in questions_of(response):
        config = wanted.get((response["survey_id"], question["id"]))
        if config is None:
            continue
        for answer in question.get("answers") or ():
            if "choice_id" not in answer:
                continue
            choice = choices_of(known.get(question["id"], {})).get(answer["choice_id"])
            yield {
                "response_id": f"{response['id']}/{question['id']}",
                "survey_id": response["survey_id"],
                "question_id": question["id"],
                "metric": config["metric"],
                "score": (
                    number(choice)
                    if choice
                    else f"choice {answer['choice_id']} is not in the survey"
                ),
                "scale_min": config.get("scale_min", 1),
                "scale_max": config.get("scale_max", 5),
                "better": config.get("better", "higher"),
                "ticket_id": (
                    variables.get(config.get("ticket_variable", "ticket_id"))
                    or response.get("custom_value")
                    or None
                ),
                "ticket_account": config.get("ticket_account"),
                "customer_id": response.get("recipient_id") or None,
                "responded_at": response.get("date_created"),
                "version_at": response.get("date_modified"),
            }


connector = Connector(
    name="surveymonkey",
    title="SurveyMonkey",
    docs="https://developer.surveymonkey.com/api/v3/",
    api_version="v3",
    base_url="https://api.surveymonkey.com",
    auth=Bearer("access_token", scheme="bearer"),
    check=Request("/v3/users/me"),
    limits=Limits(
        requests_per_minute=120,
        spent=lambda status, headers, body: status == 429 and headers.get(DAY_LEFT) == "0",
    ),
    unsupported=("invitations",),
    streams=(
        Stream(
            name="responses",
            description="Surveys, questions and scores",
            path="/v3/surveys/{key}/responses/bulk",
            records="data",
            params={"sort_by": "date_modified", "sort_order": "ASC"},
            total=Total("total"),
            paging=LinkWithQuery(at="links.next", size={"per_page": "100", "page": "1"}),
            sync=IncrementalWindow(ask=modified, overlap=timedelta(hours=1)),
            parent=ParentStream(
                Request(
                    "/v3/surveys",
                    {
                        "include": "response_count,date_created,date_modified,question_count",
                        "sort_by": "date_modified",
                        "sort_order": "ASC",
                        "per_page": "1000",
                        "page": "1",
                    },
                ),
                records="data",
                partition_key="id",
                partition_cursor="response_count",
                paging=LinkWithQuery(at="links.next"),
                parent_document=lambda survey: Request(f"/v3/surveys/{survey}/details"),
            ),
            outputs=(
                Output(
                    SURVEY,
                    section="parents",
                    fields={
                        "survey_id": "id",
                        "title": "title",
                        "responses_count": "response_count",
                        "created_at": "date_created",
                    },
                ),
                Output(SURVEY_QUESTION, section="parent_document", transform=question_rows),
                Output(SURVEY_RESPONSE, transform=score_rows),
            ),
        ),
    ),
)
