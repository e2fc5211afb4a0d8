"""Medallia Experience Cloud: scores from the Query API, whose field ids differ in every instance.

Facts: github.com/medallia/query-api-data-extract and Medallia's developer pages. GraphQL by POST;
every value is a list of texts; errors come with status 200. Records are ordered by finish time and
id, and the next page lies above the last pair. Thirty days are read again, since later edits do not
move the finish time. Token host and query host differ.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tasks.clock import Window, from_epoch
from tasks.entities import SURVEY_RESPONSE
from tasks.errors import ConfigurationError
from tasks.rest.auth import OAuth2
from tasks.rest.paging import BodyKeyset
from tasks.rest.spec import (
    Connector,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
)

SIZE = 500
FIELD = re.compile(r"[a-z]_[A-Za-z0-9_]+")
QUERY = """query Page($n: Int!, $until: String!, $last: String!, $lastId: String!) {{
  feedback(first: $n, orderBy: [{{fieldId: "{finished}", direction: ASC}}, {{fieldId: "{id}", direction: ASC}}], filter: {{and: [
    {{fieldIds: ["{finished}"], lt: $until}}, {{or: [{{fieldIds: ["{finished}"], gt: $last}}, {{and: [
      {{fieldIds: ["{finished}"], gte: $last}}, {{fieldIds: ["{id}"], gt: $lastId}}]}}]}}]}}) {{
    totalCount nodes {{ {values} }} }} }}"""


def named(settings: Mapping[str, Any]) -> dict[str, str]:
    """Aliases to field ids.

    Ids come from the settings and are checked, since they become part of the query.
    """
    found = {
        "id": settings.get("id_field") or "a_surveyid",
        "finished": settings.get("finished_field") or "k_initialfinishdate_epoch_int",
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


def query(window: Window, settings: Mapping[str, Any]) -> dict[str, Any]:
    fields = named(settings)
    values = " ".join(
        f'{alias}: fieldData(fieldId: "{field}") {{ values }}' for alias, field in fields.items()
    )
    return {
        "query": QUERY.format(values=values, **{k: fields[k] for k in ("id", "finished")}),
        "variables": {
            "n": SIZE,
            "until": str(int(window.end.timestamp())),
            "last": str(int(window.start.timestamp()) - 1),
            "lastId": "",
        },
    }


def above(body: Mapping[str, Any], last: str, last_id: str) -> dict[str, Any]:
    return {**body, "variables": {**body["variables"], "last": last, "lastId": last_id}}


def first(record: Mapping[str, Any], alias: str) -> str | None:
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


connector = Connector(
    name="medallia",
    title="Medallia Experience Cloud",
    docs="https://github.com/medallia/query-api-data-extract",
    api_version="data/v0",
    base_url="https://{tenant}.apis.medallia.com",
    settings=("tenant", "instance", "company"),
    optional_settings=("id_field", "finished_field", "ticket_field"),
    auth=OAuth2(
        "/oauth/{company}/token",
        "client_credentials",
        ("client_id", "client_secret"),
        login_base="https://{instance}.medallia.com",
        basic=True,
    ),
    check=Request(
        "/data/v0/query", method="POST", body={"query": "{ feedback(first: 1) { totalCount } }"}
    ),
    limits=Limits(requests_per_minute=600),
    failed_inside="errors",
    unsupported=("the list of surveys and questions", "invitations"),
    streams=(
        Stream(
            name="feedback",
            description="Scores of completed surveys",
            path="/data/v0/query",
            method="POST",
            records="data.feedback.nodes",
            paging=BodyKeyset(("finished.values", "id.values"), SIZE, above),
            sync=IncrementalWindow(overlap=timedelta(days=30), body=query),
            outputs=(Output(SURVEY_RESPONSE, transform=score_rows),),
        ),
    ),
)
