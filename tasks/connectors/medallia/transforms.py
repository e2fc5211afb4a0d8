"""Medallia Experience Cloud: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping

from tasks.clock import from_epoch
from tasks.rest.spec import Json, Record, RecordContext, Row


def first(record: Mapping[str, Json], alias: str) -> str | None:
    """A missing answer is an empty list."""
    found = (record.get(alias) or {}).get("values") or [None]
    return found[0] if isinstance(found[0], str) else None


def score_rows(record: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured score that was given."""
    finished = first(record, "finished")
    for place, config in enumerate(context.settings.get("scores", ())):
        score = first(record, f"s{place}")
        if score is not None and finished:
            yield {
                "response_id": f"{first(record, 'id')}/{config['question_id']}",
                "survey_id": config.get("survey_id"),
                "question_id": config["question_id"],
                "metric": config["metric"],
                "score": score,
                "scale_min": config.get("scale_min", 1),
                "scale_max": config.get("scale_max", 5),
                "better": config.get("better", "higher"),
                "ticket_id": first(record, "ticket"),
                "ticket_account": config.get("ticket_account"),
                "responded_at": from_epoch(int(finished)),
            }
