"""Medallia Experience Cloud: surveys, invitations and scores."""

import re
from collections.abc import Mapping
from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.medallia.dates import bound, finished_field
from tasks.connectors.medallia.transforms import score_rows
from tasks.entities import SURVEY_RESPONSE
from tasks.errors import ConfigurationError
from tasks.rest.paging import BodyKeyset
from tasks.rest.spec import IncrementalWindow, Json, Output, Stream

SIZE = 1000  # the most that the vendor gives

FIELD = re.compile(r"[a-z]_[A-Za-z0-9_]+")

QUERY = """query Page($n: Int!, $until: String!, $last: String!, $lastId: String!) {{
  feedback(
    first: $n,
    orderBy: [
      {{fieldId: "{finished}", direction: ASC}},
      {{fieldId: "{id}", direction: ASC}}
    ],
    filter: {{and: [
      {{fieldIds: ["{finished}"], lt: $until}},
      {{or: [
        {{fieldIds: ["{finished}"], gt: $last}},
        {{and: [
          {{fieldIds: ["{finished}"], gte: $last}},
          {{fieldIds: ["{id}"], gt: $lastId}}
        ]}}
      ]}}
    ]}}
  ) {{
    totalCount nodes {{ {values} }}
  }}
}}"""


def named(settings: Mapping[str, Json]) -> dict[str, str]:
    """Aliases to field ids.

    Ids come from the settings and are checked, since they become part of the query.
    """
    found = {
        "id": settings.get("id_field") or "a_surveyid",
        "finished": finished_field(settings),
        "ticket": settings.get("ticket_field") or "e_ticket_id",
        **{
            f"s{place}": score["question_id"]
            for place, score in enumerate(settings.get("scores", ()))
        },
    }
    wrong = [field for field in found.values() if not FIELD.fullmatch(str(field))]
    if wrong:
        raise ConfigurationError(f"medallia: {wrong[0]!r} is not a field id such as e_csat_score")
    return {alias: str(field) for alias, field in found.items()}


def query(window: Window, settings: Mapping[str, Json]) -> dict[str, Json]:
    """The GraphQL query of a window, for the fields that the settings name."""
    fields = named(settings)
    values = " ".join(
        f'{alias}: fieldData(fieldId: "{field}") {{ values }}' for alias, field in fields.items()
    )
    return {
        "query": QUERY.format(values=values, **{k: fields[k] for k in ("id", "finished")}),
        "variables": {
            "n": SIZE,
            "until": bound(window.end, settings),
            "last": bound(window.start - timedelta(seconds=1), settings),
            "lastId": "",
        },
    }


def above(body: Mapping[str, Json], last: str, last_id: str) -> dict[str, Json]:
    """The same query for what lies above the last pair."""
    return {**body, "variables": {**body["variables"], "last": last, "lastId": last_id}}


STREAMS = (
    Stream(
        name="feedback",
        description="Scores of completed surveys",
        path="/data/v0/query",
        method="POST",
        records="data.feedback.nodes",
        paging=BodyKeyset(
            ("finished.values", "id.values"), SIZE, above, total="data.feedback.totalCount"
        ),
        sync=IncrementalWindow(overlap=timedelta(days=30), body=query),
        outputs=(Output(SURVEY_RESPONSE, transform=score_rows),),
    ),
)
