"""SurveyMonkey: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping, Sequence

from tasks.connectors.surveymonkey.choices import choices_of, scale_of_question, scores_of
from tasks.rest.scores import by_settings, configured, readable
from tasks.rest.spec import Json, Record, RecordContext, Row

NOT_A_CUSTOMER = {"preview", "survey_preview", "data_entry"}
FINISHED = "completed"


def questions_of(details: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    """The questions of all pages."""
    for page in details.get("pages") or ():
        yield from page.get("questions") or ()


def question_rows(details: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each question of a survey, with its scale."""
    for question in questions_of(details):
        low, high = scale_of_question(question) or (None, None)
        headings = question.get("headings") or [{}]
        yield {
            "survey_id": details["id"],
            "question_id": question["id"],
            "heading": headings[0].get("heading"),
            "family": question.get("family"),
            "scale_min": low,
            "scale_max": high,
        }


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered, of a completed answer of a customer.

    A choice that is gone from the survey, or whose score nothing tells, leaves a text as the score:
    the row is set aside with that as the reason, and not lost.
    """
    is_finished = response.get("response_status", FINISHED) == FINISHED
    if not is_finished or response.get("collection_mode") in NOT_A_CUSTOMER:
        return
    survey = str(response["survey_id"])
    wanted = [s for s in context.settings.get("scores", ()) if str(s["survey_id"]) == survey]
    known = {str(q["id"]): q for q in questions_of(context.parent_document or {})}
    for answered in questions_of(response):
        question = known.get(str(answered["id"]), {})
        for config in (s for s in wanted if str(s["question_id"]) == str(answered["id"])):
            row = f"/{config['row_id']}" if config.get("row_id") else ""
            for score in scores_given(answered.get("answers") or (), question, config):
                yield {
                    **configured(config, scale_of_question(question)),
                    **about(response, config),
                    "response_id": f"{response['id']}/{answered['id']}{row}",
                    "score": score,
                }


def about(response: Mapping[str, Json], config: Mapping[str, Json]) -> Row:
    """What all scores of a response share. A recipient "0" is nobody."""
    recipient = str(response.get("recipient_id") or "0")
    return {
        "survey_id": response["survey_id"],
        "ticket_id": ticket_of(response, config),
        "customer_id": None if recipient == "0" else recipient,
        "responded_at": response.get("date_created"),
        "version_at": response.get("date_modified"),
    }


def ticket_of(response: Mapping[str, Json], config: Mapping[str, Json]) -> Json:
    """The ticket of the survey's link: its own variable, else the link's one value."""
    variables = response.get("custom_variables") or {}
    return (
        variables.get(config.get("ticket_variable") or "ticket_id")
        or response.get("custom_value")
        or None
    )


def scores_given(
    answers: Sequence[Mapping[str, Json]], question: Mapping[str, Json], config: Mapping[str, Json]
) -> Iterable[float | str]:
    """The score of one question, a text where it cannot be read; none if it was not answered.

    A comment next to the choices is no answer, nor is the choice "not applicable". A question of
    several rows has a score for each: the setting `row_id` names the one that counts.
    """
    row = config.get("row_id")
    given = [a for a in answers if not row or str(a.get("row_id")) == str(row)]
    picked = [str(a["choice_id"]) for a in given if "choice_id" in a]
    if len(picked) > 1:
        yield f"{len(picked)} choices; set row_id of the score, if it has rows"
    elif picked:
        choice = choices_of(question).get(picked[0])
        if choice is None or not choice.get("is_na"):
            yield score_of_choice(picked[0], choice, question, config)
    elif question.get("family") == "open_ended":
        yield from (readable(a.get("text")) for a in given)
    elif any("other_id" in a for a in given) and other_is_a_choice(question):
        yield "an answer in the customer's own words"


def score_of_choice(
    key: str,
    choice: Mapping[str, Json] | None,
    question: Mapping[str, Json],
    config: Mapping[str, Json],
) -> float | str:
    """What a choice is worth: by the settings, else by the survey; a text if neither tells."""
    text = (choice or {}).get("text") or ""
    by_name = by_settings(config, key, text)
    if by_name is not None:
        return by_name
    if choice is None:
        return f"choice {key} is not in the survey"
    scores = scores_of(question, (config.get("scale_min"), config.get("scale_max")))
    return scores.get(key, f"set choices of the score for {text or key}")


def other_is_a_choice(question: Mapping[str, Json]) -> bool:
    """Whether "other" stands among the choices; else it is a comment next to them."""
    other = (question.get("answers") or {}).get("other") or {}
    return bool(isinstance(other, dict) and other.get("is_answer_choice"))
