"""Qualtrics: surveys, invitations and scores."""

from collections.abc import Mapping
from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.qualtrics.api import API
from tasks.connectors.qualtrics.transforms import question_rows, score_rows
from tasks.entities import SURVEY, SURVEY_QUESTION, SURVEY_RESPONSE
from tasks.rest.paging import LinkWithQuery, SinglePage
from tasks.rest.spec import Export, IncrementalWindow, Json, Output, ParentStream, Request, Stream


def start(survey: str | None, window: Window, settings: Mapping[str, Json]) -> Request:
    """The call that asks for an export of one survey's responses."""
    dates = {
        name: at.strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, at in (("startDate", window.start), ("endDate", window.end))
    }
    return Request(
        f"{API}/surveys/{survey}/export-responses",
        method="POST",
        body={"format": "json", **dates, "timeZone": "UTC", "compress": True},
    )


STREAMS = (
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
            paging=LinkWithQuery(at="result.nextPage"),
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
)
