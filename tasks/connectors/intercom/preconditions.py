"""Intercom: what must hold before the numbers of an account are right."""

from collections.abc import Mapping

from tasks.rest.shapes import one_is_default
from tasks.rest.spec import Complaints, Json, Precondition, Request, Values

NAMES = ("id", "name")


def hours_are_clear(answer: Json, settings: Values, /) -> Complaints:
    """Which office hours a conversation has: by its team in the settings, else the default."""
    listed = {str(one["id"]): one.get("name") for one in answer.get("data") or ()}
    teams: Mapping[str, Json] = settings.get("team_schedules") or {}
    unknown = sorted({str(schedule) for schedule in teams.values()} - set(listed))
    if unknown:
        yield (
            f"team_schedules names {', '.join(unknown)}: none of the office hours"
            f" {', '.join(f'{key} ({name})' for key, name in listed.items())}"
        )
    yield from one_is_default(listed, settings)


def teams_are_there(answer: Json, settings: Values, /) -> Complaints:
    """The teams of the settings exist."""
    listed = answer.get("teams") or ()
    known = {str(team[key]) for team in listed for key in NAMES}
    wanted = settings.get("team_schedules") or {}
    unknown = [team for team in wanted if str(team) not in known]
    if unknown:
        yield f"team_schedules names {', '.join(unknown)}: no such team"


PRECONDITIONS = (
    Precondition(
        "office hours",
        Request("/office_hours_schedules"),
        hours_are_clear,
        needed_by="office_hours",
    ),
    Precondition("teams", Request("/teams"), teams_are_there, needed_by="teams"),
    Precondition("teammates", Request("/admins"), needed_by="admins"),
)
