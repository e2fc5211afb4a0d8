"""Medallia Experience Cloud: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from tasks.connectors.medallia.dates import finish_zone, is_epoch
from tasks.errors import ConfigurationError
from tasks.rest.scores import configured, readable
from tasks.rest.spec import Json, Record, RecordContext, Row


def first(record: Mapping[str, Json], alias: str) -> Json:
    """The one value of a field, or the list of several; a missing answer is an empty list."""
    found = (record.get(alias) or {}).get("values") or [None]
    return found[0] if len(found) == 1 else found


def finished_at(text: str, settings: Mapping[str, Json]) -> datetime:
    """The instant of a finish field: seconds since 1970, or a text in the instance's own zone."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    if is_epoch(settings):
        raise ConfigurationError(
            f"medallia: the finish field holds the text date {text!r}: set finished_zone to the"
            " time zone of the instance, such as Europe/Berlin, or finished_field to an epoch field"
        )
    written = datetime.fromisoformat(text)
    zone = written.tzinfo or finish_zone(settings)
    return written.replace(tzinfo=zone).astimezone(UTC)


def score_rows(record: Record, context: RecordContext) -> Iterable[Row]:
    """One row per configured score that was given."""
    finished = first(record, "finished")
    for place, config in enumerate(context.settings.get("scores", ())):
        score = first(record, f"s{place}")
        if score is not None and finished:
            yield {
                **configured(config),
                "response_id": f"{first(record, 'id')}/{config['question_id']}",
                "survey_id": config.get("survey_id"),
                "score": readable(score),
                "ticket_id": first(record, "ticket"),
                "responded_at": finished_at(str(finished), context.settings).isoformat(),
            }
