"""Qualtrics: surveys, their questions, and the scores that the account's settings name, from
response exports.

Facts: api.qualtrics.com. An export is asked for, waited for (by its status, not its percentage) and
fetched as a zip with one file. Dates filter on the recorded date; seven days are read again, since
later edits do not move it. Previews, tests and unfinished answers do not count.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tasks.clock import Window
from tasks.entities import SURVEY, SURVEY_QUESTION, SURVEY_RESPONSE
from tasks.rest.auth import OAuth2, OneOf, TokenHeader
from tasks.rest.paging import NextUrl, SinglePage
from tasks.rest.spec import (
    Connector,
    Export,
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

API = "/API/v3"
NOT_REAL = {1, 2, "1", "2"}  # preview and test


def start(survey: str | None, window: Window, settings: Mapping[str, Any]) -> Request:
    dates = {
        name: at.strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, at in (("startDate", window.start), ("endDate", window.end))
    }
    return Request(
        f"{API}/surveys/{survey}/export-responses",
        method="POST",
        body={"format": "json", **dates, "timeZone": "UTC", "compress": True},
    )


def number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def question_rows(definition: Record, context: RecordContext) -> Iterable[Row]:
    for key, question in ((definition.get("result") or {}).get("Questions") or {}).items():
        recoded = question.get("RecodeValues") or {
            choice: choice for choice in question.get("Choices") or {}
        }
        scores = [s for s in map(number, recoded.values()) if s is not None]
        is_nps = question.get("Selector") == "NPS"
        yield {
            "survey_id": context.partition,
            "question_id": key,
            "heading": question.get("QuestionText"),
            "family": "nps" if is_nps else question.get("QuestionType"),
            "scale_min": 0 if is_nps else min(scores, default=None),
            "scale_max": 10 if is_nps else max(scores, default=None),
        }


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered.

    Answers and embedded data lie side by side in `values`.
    """
    values, survey = response.get("values") or {}, context.partition
    if (
        values.get("distributionChannel") == "preview"
        or values.get("status") in NOT_REAL
        or values.get("finished") in {0, "0"}
    ):
        return
    for config in context.settings.get("scores", ()):
        score = values.get(config["question_id"])
        if str(config["survey_id"]) == survey and score is not None:
            yield {
                "response_id": f"{response['responseId']}/{config['question_id']}",
                "survey_id": survey,
                "question_id": config["question_id"],
                "metric": config["metric"],
                "score": score,
                "scale_min": config.get("scale_min", 1),
                "scale_max": config.get("scale_max", 5),
                "better": config.get("better", "higher"),
                "ticket_id": (
                    values.get(config.get("ticket_variable", "ticket_id"))
                    or values.get("externalDataReference")
                    or None
                ),
                "ticket_account": config.get("ticket_account"),
                "responded_at": values.get("recordedDate"),
                "version_at": values.get("recordedDate"),
            }


connector = Connector(
    name="qualtrics",
    title="Qualtrics",
    docs="https://api.qualtrics.com/",
    api_version="v3",
    base_url="https://{datacenter}.qualtrics.com",
    settings=("datacenter",),
    auth=OneOf(
        (
            TokenHeader("api_token", "X-API-TOKEN"),
            OAuth2(
                "/oauth2/token", "client_credentials", ("client_id", "client_secret"), basic=True
            ),
        )
    ),
    check=Request(f"{API}/whoami"),
    limits=Limits(requests_per_minute=60),
    unsupported=("invitations",),
    streams=(
        Stream(
            name="responses",
            description="Surveys, questions and scores",
            path=f"{API}/surveys/{{key}}/export-responses",
            records="responses",
            paging=SinglePage(),
            sync=IncrementalWindow(overlap=timedelta(days=7)),
            export=Export(
                start=start,
                job_at="result.progressId",
                poll=lambda survey, job: Request(f"{API}/surveys/{survey}/export-responses/{job}"),
                state_at="result.status",
                done=frozenset({"complete"}),
                failed=frozenset({"failed"}),
                file_at="result.fileId",
                kind="zip",
                file=lambda survey, file: Request(
                    f"{API}/surveys/{survey}/export-responses/{file}/file"
                ),
            ),
            parent=ParentStream(
                Request(f"{API}/surveys"),
                records="result.elements",
                partition_key="id",
                partition_cursor="lastModified",
                paging=NextUrl(at="result.nextPage"),
                parent_document=lambda survey: Request(f"{API}/survey-definitions/{survey}"),
                parent_document_has="result.Questions",
                recheck=timedelta(0),
            ),
            outputs=(
                Output(
                    SURVEY,
                    section="parents",
                    fields={
                        "survey_id": "id",
                        "title": "name",
                        "created_at": "creationDate",
                        "version_at": "lastModified",
                    },
                ),
                Output(SURVEY_QUESTION, section="parent_document", transform=question_rows),
                Output(SURVEY_RESPONSE, transform=score_rows),
            ),
        ),
    ),
)
