"""Jira Service Management: what must hold at the site, and only calls can tell."""

import re
from collections.abc import Iterable, Mapping

from tasks.rest.spec import Json, Precondition, Probe, Request

API = "/rest/api/3"

HIDDEN = (
    "who has a licence is hidden; let the API user administer Jira, else agents are those who have"
    " held a request or written an internal note"
)


def desks(settings: Mapping[str, Json]) -> Probe:
    """Whether the service desks are there for the API user: a hidden one is an empty list."""
    wanted = {key.upper() for key in re.split(r"[,\s]+", str(settings.get("projects", ""))) if key}
    kind = {} if wanted else {"typeKey": "service_desk"}
    answer = yield Request(f"{API}/project/search", {"maxResults": "50", **kind})
    seen = {str(project.get("key")).upper() for project in (answer or {}).get("values") or ()}
    is_last = (answer or {}).get("isLast", True)
    hidden = wanted - seen if is_last else set()
    if hidden:
        return (f"{', '.join(sorted(hidden))} of projects cannot be seen; let the API user browse",)
    return () if seen else ("no service desk can be seen; let the API user browse its projects",)


def licence(settings: Mapping[str, Json]) -> Probe:
    """Whether the site tells who is an agent."""
    role = yield Request(f"{API}/applicationrole/jira-servicedesk")
    if role is None:
        return (HIDDEN,)
    groups = [group.get("groupId") for group in role.get("groupDetails") or ()]
    if not groups:
        return ("no group has a licence for Jira Service Management",)
    members = yield Request(f"{API}/group/member", {"groupId": str(groups[0]), "maxResults": "1"})
    return () if members is not None else ("members of its groups are hidden from the API user",)


def fields(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """The site has fields of SLAs, and the API user sees them; a named field is among them."""
    named = settings.get("feedback_date_field")
    if named and named not in {field.get("id") for field in answer}:
        yield f"feedback_date_field {named} is no field of the site"
    customs = {(field.get("schema") or {}).get("custom") for field in answer}
    if "com.atlassian.servicedesk:sd-sla-field" not in customs:
        yield "no SLA field can be seen; the API user needs a licence for Jira Service Management"


PRECONDITIONS = (
    Precondition("projects", probe=desks, needed_by="issues"),
    Precondition("agents", probe=licence, needed_by="agents"),
    Precondition("fields", Request(f"{API}/field"), fields, needed_by="issues"),
)
