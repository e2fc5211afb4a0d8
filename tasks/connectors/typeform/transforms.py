"""Typeform: pure functions from one record to rows."""

from collections.abc import Iterable, Iterator, Mapping

from tasks.rest.spec import Json, Record, RecordContext, Row

SCALED = {"nps", "opinion_scale", "rating"}


def fields_of(holder: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Questions; those of groups lie inside them."""
    for field in holder.get("fields") or ():
        yield field
        yield from fields_of(field.get("properties") or {})


def scale(field: Mapping[str, Json]) -> tuple[int, int] | None:
    """Lowest and highest score.

    Ratings start at 1, opinion scales and NPS at 0 unless the form says otherwise.
    """
    properties = field.get("properties") or {}
    if field.get("type") not in SCALED:
        return None
    low = 1 if field["type"] == "rating" or properties.get("start_at_one") else 0
    return low, low + int(properties.get("steps") or (11 if field["type"] == "nps" else 5)) - 1


def question_rows(form: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each question of a form, with its scale."""
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


def number(answer: Mapping[str, Json], config: Mapping[str, Json]) -> Json:
    """The number, or what the setting `choices` gives for the choice.

    Anything else gives a text: no score, so that the row is rejected with the choice named.
    """
    if answer.get("type") == "number":
        return answer.get("number")
    choice = answer.get("choice") or {}
    return (config.get("choices") or {}).get(
        choice.get("ref") or choice.get("label"),
        f"choice {choice.get('label')} has no score in the settings",
    )


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered; `ref` names it, else its id."""
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
