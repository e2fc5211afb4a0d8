"""Qualtrics: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping

from tasks.rest.scores import Scale, configured, readable, span
from tasks.rest.spec import Json, Record, RecordContext, Row

REAL = {0, 4, 16, 32, 48, 132}  # by link, imported, offline, employee surveys
NOT_REAL = {1, 2, 8, 9, 12, 17, 40, 256}  # previews, tests, spam, made-up answers


def scale_of_question(question: Mapping[str, Json]) -> Scale | None:
    """Lowest and highest recode value, 0 to 10 for NPS; None for a question without numbers."""
    if question.get("Selector") == "NPS":
        return 0, 10
    recoded = question.get("RecodeValues") or {c: c for c in question.get("Choices") or {}}
    return span([s for s in map(readable, recoded.values()) if not isinstance(s, str)])


def question_rows(definition: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each question of a survey, with its scale."""
    for key, question in questions_of(definition).items():
        low, high = scale_of_question(question) or (None, None)
        yield {
            "survey_id": context.partition,
            "question_id": key,
            "heading": question.get("QuestionText"),
            "family": "nps" if question.get("Selector") == "NPS" else question.get("QuestionType"),
            "scale_min": low,
            "scale_max": high,
        }


def questions_of(definition: Json) -> Mapping[str, Mapping[str, Json]]:
    """The questions of a definition by id."""
    return ((definition or {}).get("result") or {}).get("Questions") or {}


def is_finished(values: Mapping[str, Json]) -> bool:
    """Whether a customer completed the answer.

    A value that is not known raises ValueError: neither counted nor dropped, but set aside.
    """
    status = int(values.get("status") or 0)
    if status not in REAL | NOT_REAL:
        raise ValueError(f"status {status} is not known")
    finished = int(values.get("finished", 1))
    if finished not in {0, 1}:
        raise ValueError(f"finished is {finished}, neither 0 nor 1")
    is_preview = values.get("distributionChannel") == "preview"
    return bool(finished) and status in REAL and not is_preview


def score_of(score: Json, config: Mapping[str, Json], own: Scale | None) -> float | str:
    """A score, or a text that says why it is none.

    Recode values can count "not applicable" as well: where they are not 1 to 5, the settings say
    the scale.
    """
    if config["question_id"].endswith("_NPS_GROUP"):
        return "a group of the NPS; name the question without _NPS_GROUP"
    if own in {None, (1, 5), (0, 10)} or {"scale_min", "scale_max"} <= set(config):
        return readable(score)
    return f"values are {own[0]:g} to {own[1]:g}: set scale_min and scale_max"


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered, of a completed answer of a customer.

    Answers and embedded data lie side by side in `values`.
    """
    values, survey = response.get("values") or {}, context.partition
    if not is_finished(values):
        return
    for config in context.settings.get("scores", ()):
        question = str(config["question_id"])
        own = scale_of_question(questions_of(context.parent_document).get(question, {}))
        if str(config["survey_id"]) == survey and values.get(question) is not None:
            yield {
                **configured(config, own),
                "response_id": f"{response['responseId']}/{question}",
                "survey_id": survey,
                "score": score_of(values[question], config, own),
                "ticket_id": (
                    values.get(config.get("ticket_variable") or "ticket_id")
                    or values.get("externalDataReference")
                    or None
                ),
                "responded_at": values.get("recordedDate"),
                "version_at": values.get("recordedDate"),
            }
