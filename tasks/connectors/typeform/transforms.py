"""Typeform: pure functions from one record to rows."""

from collections.abc import Iterable, Iterator, Mapping

from tasks.rest.scores import Scale, by_settings, configured, readable
from tasks.rest.spec import Json, Record, RecordContext, Row

SCALED = {"nps", "opinion_scale", "rating"}
FINISHED = "completed"
NO_SCALE = "its question left the form; set scale_min and scale_max"


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


def score_of(answer: Mapping[str, Json], config: Mapping[str, Json]) -> float | str:
    """The number, or what the setting `choices` gives for the choice.

    Anything else gives a text: no score, so that the row is rejected with the choice named.
    """
    kind = answer.get("type")
    if kind == "number":
        return readable(answer.get("number"))
    if kind == "boolean":
        names: list[Json] = [str(answer.get("boolean")).lower()]
    elif kind == "choice":
        choice = answer.get("choice") or {}
        names = [choice.get("label"), choice.get("ref"), choice.get("id"), choice.get("other")]
    else:
        return f"an answer of type {kind} is no score"
    found = by_settings(config, *names)
    shown = next((name for name in names if name is not None), None)
    return f"choice {shown} has no score in the settings" if found is None else found


def scale_known(field: Mapping[str, Json], context: RecordContext) -> Scale | None:
    """The scale of an answered question: the form's, or that of every NPS question."""
    asked = {f["id"]: scale(f) for f in fields_of(context.parent_document or {})}
    return asked.get(field.get("id")) or ((0, 10) if field.get("type") == "nps" else None)


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered; `ref` names it, else its id.

    A question that left the form has a scale no longer: without one in the settings its rows are
    set aside.
    """
    if response.get("response_type", FINISHED) != FINISHED:
        return
    survey = context.partition
    wanted = {
        str(s["question_id"]): s
        for s in context.settings.get("scores", ())
        if str(s["survey_id"]) == survey
    }
    for answer in response.get("answers") or ():
        field = answer.get("field") or {}
        config = wanted.get(str(field.get("ref"))) or wanted.get(str(field.get("id")))
        if config is None:
            continue
        known = scale_known(field, context)
        has_scale = known or config.get("choices") or {"scale_min", "scale_max"} <= set(config)
        yield {
            **configured(config, known),
            "response_id": f"{survey}/{response['response_id']}/{config['question_id']}",
            "survey_id": survey,
            "score": score_of(answer, config) if has_scale else NO_SCALE,
            "ticket_id": (
                (response.get("hidden") or {}).get(config.get("ticket_variable") or "ticket_id")
                or None
            ),
            "responded_at": response.get("submitted_at"),
            "version_at": response.get("submitted_at"),
        }
