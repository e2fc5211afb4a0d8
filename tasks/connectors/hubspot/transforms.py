"""HubSpot: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping

from tasks.rest.scores import configured, readable
from tasks.rest.spec import Json, Record, RecordContext, Row

SCALES = {"CSAT": (0, 2), "NPS": (0, 10), "CES": (1, 7)}  # lowest and highest `hs_value`
VALUE = "hs_value"


def score_rows(submission: Record, context: RecordContext) -> Iterable[Row]:
    """A score of a standard survey, or one for each configured question of another one.

    Raises ValueError for an answer to another survey that no setting names: its scale is its own.
    """
    answers = submission["properties"]
    kind = answers.get("hs_survey_type")
    survey = str(answers.get("hs_survey_id"))
    scores = context.settings.get("scores", ())
    named = [score for score in scores if str(score["survey_id"]) == survey]
    if kind in SCALES:
        yield {**standard(kind), **about(submission), "score": readable(answers.get(VALUE))}
        return
    if not named:
        raise ValueError(
            f"survey {survey} is of type {kind}, whose scale is not known: name it in scores, with"
            f" scale_min and scale_max (question_id {VALUE}, or the property of a question)"
        )
    for config in named:
        question = str(config["question_id"])
        if answers.get(question) is not None:
            yield {
                **configured(config),
                **about(submission),
                "response_id": f"{submission['id']}/{question}",
                "score": readable(answers[question]),
            }


def standard(kind: str) -> Row:
    """Metric and scale of a standard survey."""
    low, high = SCALES[kind]
    return {"metric": kind.lower(), "better": "higher", "scale_min": low, "scale_max": high}


def about(submission: Record) -> Row:
    """What all scores of an answer share."""
    answers: Mapping[str, Json] = submission["properties"]
    return {
        "response_id": submission["id"],
        "survey_id": answers.get("hs_survey_id"),
        "ticket_id": answers.get("hs_ticket_id"),
        "customer_id": answers.get("hs_contact_id"),
        "responded_at": answers.get("hs_submission_timestamp"),
        "comment": answers.get("hs_content"),
        "version_at": answers.get("hs_lastmodifieddate"),
    }
