"""Qualtrics: what must hold before the answers of an account can be read.

A brand lives in one data centre. The others pass requests on, say so in a notice, and refuse
exports (ropensci/qualtRics#211, #255, #339).
"""

import re
from collections.abc import Iterable, Mapping

from tasks.connectors.qualtrics.api import API
from tasks.connectors.qualtrics.transforms import questions_of
from tasks.rest.scores import questions_are_there
from tasks.rest.spec import Json, Precondition, Request, Values

_HOST = re.compile(r"use this host instead: ([\w.-]+)\.qualtrics\.com", re.IGNORECASE)


def other_data_centre(answer: Json, settings: Mapping[str, Json]) -> Iterable[str]:
    """The data centre that the vendor's notice names, if it is not the account's."""
    meta = answer.get("meta") if isinstance(answer, dict) else None
    notice = meta.get("notice") if isinstance(meta, dict) else None
    named = _HOST.search(notice) if isinstance(notice, str) else None
    if named:
        yield f"the brand lives elsewhere; set datacenter to {named[1]}"


PRECONDITIONS = (Precondition("data centre", Request(f"{API}/surveys"), other_data_centre),)


def answers_of(definition: Json) -> set[str]:
    """Names of questions, and of the parts of those that have several."""
    asked = questions_of(definition)
    parts = {
        f"{key}_{part}"
        for key, question in asked.items()
        for part in (*(question.get("Choices") or {}), "TEXT", "NPS_GROUP")
    }
    return {*asked, *parts}


def of_settings(settings: Values) -> Iterable[Precondition]:
    """The surveys and questions that are scores."""
    return questions_are_there(
        settings,
        lambda survey: Request(f"{API}/survey-definitions/{survey}"),
        answers_of,
    )
