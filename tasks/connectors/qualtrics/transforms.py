"""Qualtrics: pure functions from one record to rows."""

from collections.abc import Iterable

from tasks.rest.spec import Json, Record, RecordContext, Row

NOT_REAL = {1, 2, "1", "2"}  # preview and test


def number(text: Json) -> float | None:
    """The number that a text is, None if it is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def question_rows(definition: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each question of a survey, with its scale."""
    for key, question in ((definition.get("result") or {}).get("Questions") or {}).items():
        recoded = question.get("RecodeValues") or {
            choice: choice for choice in question.get("Choices") or {}
        }
        scores = [s for s in map(number, recoded.values()) if s is not None]
        is_nps = question.get("Selector") == "NPS"
        yield {
            "survey_id": context.partition,
            "question_id": key,
            "heading": question.get("QuestionText"),
            "family": "nps" if is_nps else question.get("QuestionType"),
            "scale_min": 0 if is_nps else min(scores, default=None),
            "scale_max": 10 if is_nps else max(scores, default=None),
        }


def score_rows(response: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured question that was answered.

    Answers and embedded data lie side by side in `values`.
    """
    values, survey = response.get("values") or {}, context.partition
    if (
        values.get("distributionChannel") == "preview"
        or values.get("status") in NOT_REAL
        or values.get("finished") in {0, "0"}
    ):
        return
    for config in context.settings.get("scores", ()):
        score = values.get(config["question_id"])
        if str(config["survey_id"]) == survey and score is not None:
            yield {
                "response_id": f"{response['responseId']}/{config['question_id']}",
                "survey_id": survey,
                "question_id": config["question_id"],
                "metric": config["metric"],
                "score": score,
                "scale_min": config.get("scale_min", 1),
                "scale_max": config.get("scale_max", 5),
                "better": config.get("better", "higher"),
                "ticket_id": (
                    values.get(config.get("ticket_variable", "ticket_id"))
                    or values.get("externalDataReference")
                    or None
                ),
                "ticket_account": config.get("ticket_account"),
                "responded_at": values.get("recordedDate"),
                "version_at": values.get("recordedDate"),
            }
