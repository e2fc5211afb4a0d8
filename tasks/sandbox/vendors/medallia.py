"""Fake Medallia Query API, from medallia/query-api-data-extract: GraphQL by POST, errors with 200,
lists of texts.
"""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tasks.sandbox.fake import Fake, Request, Response
from tasks.sandbox.story import Score
from tasks.sandbox.world import World

FIELDS = {
    "a_surveyid",
    "k_initialfinishdate_epoch_int",
    "e_responsedate",
    "e_ticket_id",
    "e_ces_score",
    "e_nps_score",
}


class Medallia(Fake):
    """An instance that knows FIELDS and gives at most `per_page` records.

    `e_responsedate` is a text in the instance's own time zone, as recorded by
    keboola/component-ex-medallia; bounds compare as the field's values do. A field that the role
    does not see is an error next to the data.
    """

    zone = ZoneInfo("America/New_York")

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        client_id: str = "md-client",
        client_secret: str = "medallia-demo-secret",
    ) -> None:
        super().__init__(clock=clock)
        self.world = world
        self._client = (client_id, client_secret)
        self.tokens = set[str]()
        self.per_page = 1000
        self.fields = set(FIELDS)  # that the client's role sees

    def unauthorized(self) -> Response:
        return Response(
            {"error": "invalid_token", "error_description": "The access token expired"}, 401
        )

    def throttled(self) -> Response:
        return Response({"error": "Too many requests"}, 429, {"x-ratelimit-remaining-second": "0"})

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/alderfinch/token":
            if asked.basic() != self._client or asked.form() != {
                "grant_type": "client_credentials"
            }:
                return Response({"error": "invalid_client"}, 401)
            token = f"md-{len(self.asked)}"
            self.tokens.add(token)
            return Response(
                {
                    "access_token": token,
                    "token_type": "Bearer",
                    "expires_in": 3600,
                }
            )
        if asked.bearer() not in self.tokens:
            return self.unauthorized()
        if asked.path != "/data/v0/query" or asked.method != "POST":
            return Response({"error": "not found"}, 404)
        return self._query(asked.json())

    def _query(self, body: dict[str, Any]) -> Response:
        text = body["query"]
        given = body.get("variables") or {}
        ordered = re.search(r'orderBy: \[\s*\{fieldId: "(\w+)"', text)
        rows = self._within(ordered[1] if ordered else "k_initialfinishdate_epoch_int", given)
        size = min(int(given.get("n", 30)), self.per_page)
        aliases = re.findall(r'(\w+): fieldData\(fieldId: "(\w+)"\)', text)
        nodes = [
            {
                alias: {"values": self._values(s, field)} if field in self.fields else None
                for alias, field in aliases
            }
            for s in rows[:size]
        ]
        unknown = sorted({field for _, field in aliases} - self.fields)
        errors = [{"message": f"Invalid field id: {field}"} for field in unknown]
        feedback = {"totalCount": len(rows), "nodes": nodes}
        return Response(
            {
                "data": {"feedback": {k: v for k, v in feedback.items() if k in text}},
                "errors": errors or None,
                "_allowed": ["POST"],
            }
        )

    def _within(self, field: str, given: dict[str, Any]) -> list[Score]:
        """Answers in the order of a finish field and id, between the bounds of a query."""
        kind: Any = int if field.endswith("_int") else str

        def place(score: Score) -> tuple[Any, str]:
            return kind(self._values(score, field)[0]), self._id(score)

        rows = sorted(self.told(), key=place)
        if "until" not in given:
            return rows
        above = (kind(given["last"]), given["lastId"])
        return [s for s in rows if place(s)[0] < kind(given["until"]) and place(s) > above]

    def told(self) -> list[Score]:
        """Answers so far."""
        return [s for s in self.world.scores if s.at <= self.clock]

    def _id(self, score: Score) -> str:
        return str(90_000_000_000 + score.number)

    def _values(self, score: Score, field: str) -> list[str]:
        found = {
            "a_surveyid": self._id(score),
            "k_initialfinishdate_epoch_int": str(int(score.at.timestamp())),
            "e_responsedate": f"{score.at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}",
            "e_ticket_id": str(score.ticket) if score.ticket else None,
            "e_ces_score": str(score.value) if score.survey == "effort" else None,
            "e_nps_score": str(score.value) if score.survey == "relationship" else None,
        }[field]
        return [] if found is None else [found]
