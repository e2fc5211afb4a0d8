"""SurveyMonkey: surveys, invitations and scores."""

from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.surveymonkey.api import FromLastModified, written
from tasks.connectors.surveymonkey.transforms import FINISHED, question_rows, score_rows
from tasks.entities import SURVEY, SURVEY_QUESTION, SURVEY_RESPONSE
from tasks.rest.paging import LinkWithQuery
from tasks.rest.spec import IncrementalWindow, Output, ParentStream, Request, Stream, Total


def modified(window: Window) -> dict[str, str]:
    """Completed responses that were changed in a window."""
    return {
        "status": FINISHED,
        "start_modified_at": written(window.start),
        "end_modified_at": written(window.end),
    }


STREAMS = (
    Stream(
        name="responses",
        description="Surveys, questions and scores",
        path="/v3/surveys/{key}/responses/bulk",
        records="data",
        params={"sort_by": "date_modified", "sort_order": "ASC"},
        total=Total("total"),
        paging=FromLastModified(at="links.next", size={"per_page": "100", "page": "1"}),
        sync=IncrementalWindow(ask=modified, overlap=timedelta(days=1)),
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
            paging=LinkWithQuery(at="links.next", total="total"),
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
)
