"""Typeform: surveys, invitations and scores."""

from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.typeform.transforms import question_rows, score_rows
from tasks.entities import SURVEY, SURVEY_QUESTION, SURVEY_RESPONSE
from tasks.rest.paging import BeforeLast, PageNumber
from tasks.rest.spec import IncrementalWindow, Output, ParentStream, Request, Stream


def between(window: Window) -> dict[str, str]:
    """Completed responses of a window."""
    return {
        "since": window.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "until": window.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "response_type": "completed",
    }


STREAMS = (
    Stream(
        name="responses",
        description="Forms, questions and scores",
        path="/forms/{key}/responses",
        records="items",
        paging=BeforeLast("token", "before", "page_size", 1000),
        sync=IncrementalWindow(ask=between, overlap=timedelta(days=1)),
        parent=ParentStream(
            Request("/forms", {"sort_by": "last_updated_at", "order_by": "asc"}),
            records="items",
            partition_key="id",
            partition_cursor="last_updated_at",
            paging=PageNumber(size={"page_size": "200"}, pages="page_count", total="total_items"),
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
)
