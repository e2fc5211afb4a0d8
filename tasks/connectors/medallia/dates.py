"""Medallia: whether the finish field holds seconds or text dates, and the bounds of a query.

Fields such as k_initialfinishdate_epoch_int hold seconds since 1970. Date fields hold texts such as
2026-07-09 00:00:01 in the instance's time zone, which the API does not report.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from tasks.errors import ConfigurationError
from tasks.rest.spec import Json

FINISHED_FIELD = "k_initialfinishdate_epoch_int"
EPOCH = "epoch"


def finished_field(settings: Mapping[str, Json]) -> str:
    """The field with the finish time."""
    return str(settings.get("finished_field") or FINISHED_FIELD)


def is_epoch(settings: Mapping[str, Json]) -> bool:
    """Whether the finish field holds seconds: by its id, or because the settings say so.

    Raises ConfigurationError for a field of another id without a zone: its texts are unreadable,
    and a bound in seconds would find nothing.
    """
    field, zone = finished_field(settings), settings.get("finished_zone")
    if zone is None and EPOCH not in field:
        raise ConfigurationError(
            f"medallia: the id of finished_field {field} does not say that it is an epoch field. If"
            " it holds text dates, set finished_zone to the time zone of the instance, such as"
            ' Europe/Berlin; if it holds seconds, set finished_zone = "epoch"'
        )
    return zone is None or zone == EPOCH


def finish_zone(settings: Mapping[str, Json]) -> ZoneInfo:
    """The time zone of text dates. Raises ConfigurationError for an unknown one."""
    try:
        return ZoneInfo(str(settings["finished_zone"]))
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"medallia: finished_zone {settings.get('finished_zone')!r} is no IANA time zone"
        ) from None


def bound(instant: datetime, settings: Mapping[str, Json]) -> str:
    """An instant as the finish field writes it."""
    if is_epoch(settings):
        return str(int(instant.timestamp()))
    return instant.astimezone(finish_zone(settings)).strftime("%Y-%m-%d %H:%M:%S")
