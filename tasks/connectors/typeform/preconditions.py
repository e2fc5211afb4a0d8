"""Typeform: what must hold before the numbers of an account are right."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from tasks.connectors.typeform.transforms import fields_of
from tasks.rest.scores import questions_are_there
from tasks.rest.spec import Complaints, Json, Precondition, Request, Values

HOSTS = {  # of responses, by region
    "us": "api.typeform.com",
    "eu": "api.eu.typeform.com",
    "eu2": "api.typeform.eu",
}


def lives_here(answer: Json, settings: Values, /) -> Complaints:
    """The account's responses are where they are asked for: elsewhere every list is empty.

    Forms are listed by every region, with the address of their responses.
    """
    forms = answer.get("items") or ()
    links = (str((form.get("_links") or {}).get("responses")) for form in forms)
    hosts = {urlsplit(link).hostname for link in links}
    named = sorted(region for region, host in HOSTS.items() if host in hosts)
    if named and (settings.get("region") or "us") not in named:
        yield f"responses are elsewhere; set region to {named[0]}"


PRECONDITIONS = (
    Precondition("region", Request("/forms", {"page_size": "1"}), lives_here, is_blocking=True),
)


def names_of(form: Json) -> set[str]:
    """Names of the questions of a form: their ids, and the names that people gave them."""
    asked = list(fields_of(form))
    named = {str(field.get("ref")) for field in asked}
    return named | {str(field["id"]) for field in asked}


def of_settings(settings: Values) -> Iterable[Precondition]:
    """The surveys and questions that are scores."""
    return questions_are_there(
        settings,
        lambda survey: Request(f"/forms/{survey}"),
        names_of,
    )
