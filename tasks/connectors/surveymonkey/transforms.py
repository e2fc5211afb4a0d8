"""SurveyMonkey: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping

from tasks.rest.spec import Json, Record, RecordContext, Row

LIVE_MODES = {"default", "email", "weblink", "offline", "kiosk"}


def questions_of(details: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    """The questions of all pages."""
    for page in details.get("pages") or ():
        yield from page.get("questions") or ()


def choices_of(question: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """The choices of a question by id."""
    return {c["id"]: c for c in (question.get("answers") or {}).get("choices") or ()}


def number(choice: Mapping[str, Json]) -> float | None:
    """The score of a choice: its text.

    Not its weight, which for NPS is the bucket (-100, 0, 100) and not 0-10.
    """
    try:
        return float(str(choice.get("text")).split(" ")[0])
    except ValueError:
        return None


def question_rows(details: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each question of a survey, with its scale."""
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
