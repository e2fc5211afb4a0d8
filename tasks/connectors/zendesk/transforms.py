"""Zendesk Support: pure functions from one record to rows."""

import re
from collections.abc import Iterable, Mapping

from tasks.rest.spec import Json, Record, RecordContext, Row

# Surveys have two, three or five choices; the category says which of them count as good.
SCORES = {"good": 1, "bad": 0}


def ticket_of(response: Record) -> str | None:
    """The ticket that a survey is about.

    Named as zen:ticket:123 in `subjects`, or as zrn:ticket:123 in the older `subject_zrns`. A
    survey may be about a conversation or a request instead.
    """
    names = list(response.get("subject_zrns") or ())
    names += [subject.get("zrn") for subject in response.get("subjects") or ()]
    for name in names:
        named = re.fullmatch(r"(?:zen|zrn):ticket:(\d+)", str(name))
        if named:
            return named[1]
    return None


def comment_of(answers: Iterable[Mapping[str, Json]]) -> str | None:
    """What was written: an answer of its own, absent where the question was skipped."""
    for answer in answers:
        if answer.get("type") == "open_ended" and answer.get("value"):
            return str(answer["value"])
    return None


def score_of(answer: Mapping[str, Json]) -> int | str:
    """1 for good, 0 for bad; a text is no score, so that the row is rejected and names it."""
    category = answer.get("rating_category")
    unread = f"rating_category {category!r} is neither good nor bad"
    return SCORES.get(str(category), unread)


def survey_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """A row for the rating of a response; skipped, closed and open questions have none."""
    answers = response.get("answers") or []
    survey = response.get("survey") or {}
    for answer in (one for one in answers if one.get("rating") is not None):
        yield {
            "response_id": response["id"],
            "survey_id": survey.get("id") or response.get("survey_id"),
            "metric": "csat",
            "score": score_of(answer),
            "scale_min": 0,
            "scale_max": 1,
            "better": "higher",
            "ticket_id": ticket_of(response),
            "customer_id": response.get("responder_id"),
            "responded_at": answer.get("updated_at"),
            "comment": comment_of(answers),
            "version_at": answer.get("updated_at"),
        }
