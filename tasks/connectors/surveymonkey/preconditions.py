"""SurveyMonkey: what must hold before the numbers of an account are right."""

from collections.abc import Iterable

from tasks.connectors.surveymonkey.transforms import questions_of
from tasks.rest.scores import questions_are_there
from tasks.rest.spec import Complaints, Json, Precondition, Request, Values

SCOPES = ("users_read", "surveys_read", "responses_read", "responses_read_detail")


def may_read(answer: Json, settings: Values, /) -> Complaints:
    """The token has the scopes without which surveys or answers are refused."""
    granted = (answer.get("scopes") or {}).get("granted")
    missing = [scope for scope in SCOPES if granted is not None and scope not in granted]
    if missing:
        yield f"the token lacks {', '.join(missing)}; grant the app these scopes (a paid plan)"


PRECONDITIONS = (Precondition("scopes", Request("/v3/users/me"), may_read),)


def of_settings(settings: Values) -> Iterable[Precondition]:
    """The surveys and questions that are scores."""
    return questions_are_there(
        settings,
        lambda survey: Request(f"/v3/surveys/{survey}/details"),
        lambda answer: {str(question["id"]) for question in questions_of(answer)},
    )
