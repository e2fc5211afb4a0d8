"""Typeform: what must hold before the numbers of an account are right."""

from collections.abc import Iterable

from tasks.connectors.typeform.transforms import fields_of
from tasks.rest.scores import questions_are_there
from tasks.rest.spec import Precondition, Request, Values


def of_settings(settings: Values) -> Iterable[Precondition]:
    """The surveys and questions that are scores."""
    return questions_are_there(
        settings,
        lambda survey: Request(f"/forms/{survey}"),
        lambda answer: {str(name) for f in fields_of(answer) for name in (f["id"], f.get("ref"))},
    )
