"""Fake SurveyMonkey v3, from SurveyMonkey/public_api_docs: two surveys of the organisation,
page-numbered answers.

Scales have words at their ends only, as the NPS question of the public documentation has.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tasks.sandbox.fake import Fake, Request, Response, page_of
from tasks.sandbox.story import Score
from tasks.sandbox.world import World

_ROW = dict[str, Any]
_SURVEYS = {
    "310001": ("effort", "Ticket effort", "901", range(1, 8)),
    "310002": ("relationship", "Would you recommend us?", "911", range(11)),
}
_STATUSES = ("partial", "overquota", "disqualified")


class SurveyMonkey(Fake):
    """The organisation's SurveyMonkey account. `day_limit` calls a day, as a draft app has."""

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        token: str = "surveymonkey-demo-token",
        day_limit: int = 500,
    ) -> None:
        super().__init__(clock=clock)
        self.world = world
        self._token = token
        self.day_limit = day_limit
        self._spent = 0
        self.scopes = ["users_read", "surveys_read", "responses_read", "responses_read_detail"]

    def _error(self, number: str, name: str, status: int) -> Response:
        return Response(
            {
                "error": {
                    "id": number,
                    "name": name,
                    "message": f"{name}.",
                    "docs": "https://developer.surveymonkey.com/api/v3/#error-codes",
                    "http_status_code": status,
                }
            },
            status,
            self._headers(),
        )

    def _headers(self) -> dict[str, str]:
        left = str(max(0, self.day_limit - self._spent))
        return {
            "X-Ratelimit-App-Global-Day-Limit": str(self.day_limit),
            "X-Ratelimit-App-Global-Day-Remaining": left,
            "X-Ratelimit-App-Global-Minute-Remaining": "100",
            "X-Ratelimit-App-Global-Minute-Reset": "1",
        }

    def unauthorized(self) -> Response:
        return self._error("1011", "Authorization Error", 401)

    def throttled(self) -> Response:
        return Response(
            self._error("1040", "Rate limit reached", 429).content,
            429,
            {"x-ratelimit-app-global-minute-reset": "1"},
        )

    def forbidden(self) -> Response:
        return self._error("1014", "Permission Error", 403)

    def answer(self, asked: Request) -> Response:
        if asked.bearer() != self._token:
            return self.unauthorized()
        self._spent += 1
        if self._spent > self.day_limit:
            return self._error("1040", "Rate limit reached", 429)
        if asked.path == "/v3/users/me":
            scopes = dict.fromkeys(("available", "granted"), self.scopes)
            me = {"id": "1", "username": "alderfinch", "scopes": scopes}
            return Response(me, 200, self._headers())
        if asked.path == "/v3/surveys":
            asked_for = asked.query.get("include", "").split(",")
            rows = [self._survey(number, asked_for) for number in _SURVEYS]
            return self._paged(asked, rows, biggest=1000)
        match = re.fullmatch(r"/v3/surveys/(\d+)/(details|responses/bulk)", asked.path)
        if not match or match[1] not in _SURVEYS:
            return self._error("1020", "Resource Not Found", 404)
        if match[2] == "details":
            return Response(self._details(match[1]), 200, self._headers())
        return self._paged(asked, self._responses(match[1], asked), biggest=100)

    def _paged(self, asked: Request, rows: Sequence[_ROW], *, biggest: int) -> Response:
        size = min(int(asked.query.get("per_page", "50")), biggest)
        page = int(asked.query.get("page", "1"))
        found, more = page_of(rows, (page - 1) * size, size)
        url = f"{self.base_url}{asked.path}?"
        links = {
            "self": url
            + urlencode(
                {
                    **asked.query,
                    "page": page,
                    "per_page": size,
                }
            )
        }
        if more:
            links["next"] = url + urlencode(
                {
                    **asked.query,
                    "page": page + 1,
                    "per_page": size,
                }
            )
        return Response(
            {
                "data": list(found),
                "per_page": size,
                "page": page,
                "total": len(rows),
                "links": links,
            },
            200,
            self._headers(),
        )

    def _scores(self, survey: str) -> list[Score]:
        return [
            s for s in self.world.scores if s.survey == _SURVEYS[survey][0] and s.at <= self.clock
        ]

    def _survey(self, number: str, asked_for: Sequence[str]) -> _ROW:
        """A survey of the list; counts and dates come only when the request includes them."""
        included = {
            "response_count": len(self._scores(number)),
            "question_count": 2,
            "date_created": "2024-01-05T08:10:00",
            "date_modified": "2024-01-05T08:10:00",
        }
        return {
            "id": number,
            "title": _SURVEYS[number][1],
            "nickname": "",
            "href": f"{self.base_url}/v3/surveys/{number}",
            **{name: value for name, value in included.items() if name in asked_for},
        }

    def _details(self, number: str) -> _ROW:
        _, title, question, _ = _SURVEYS[number]
        return {
            "id": number,
            "title": title,
            "date_modified": "2024-01-05T08:10:00",
            "custom_variables": {"ticket_id": "ticket_id"},
            "pages": [
                {
                    "id": "41",
                    "questions": [
                        {
                            "id": question,
                            "family": "matrix",
                            "subtype": "rating",
                            "headings": [{"heading": title}],
                            "answers": {
                                "rows": [
                                    {
                                        "id": "7001",
                                        "text": "",
                                        "position": 1,
                                        "visible": True,
                                    }
                                ],
                                "choices": self._choices(number),
                            },
                        },
                        {
                            "id": "999",
                            "family": "open_ended",
                            "subtype": "essay",
                            "headings": [{"heading": "Anything to add?"}],
                        },
                    ],
                }
            ],
        }

    def _choices(self, number: str) -> list[_ROW]:
        """Effort by words and weights, NPS by numbers and the weights of its groups."""
        _, _, question, scale = _SURVEYS[number]
        if number == "310002":
            texts = ["Not at all likely - 0", *map(str, range(1, 10)), "Extremely likely - 10"]
            weights = [-100] * 7 + [0] * 2 + [100] * 2
        else:
            texts, weights = ["Very difficult", *[""] * 5, "Very easy"], list(scale)
        return [
            {
                "id": f"{question}{value:02d}",
                "text": text,
                "description": "",
                "weight": weight,
                "is_na": False,
                "position": place,
                "visible": True,
            }
            for place, (value, text, weight) in enumerate(
                zip(scale, texts, weights, strict=True), start=1
            )
        ]

    def _responses(self, number: str, asked: Request) -> list[_ROW]:
        low, high = (
            asked.query.get("start_modified_at", ""),
            asked.query.get("end_modified_at", "9999"),
        )
        rows = [r for s in self._scores(number) for r in self._given(number, s)]
        status = asked.query.get("status")
        return [
            r
            for r in rows
            if low <= r["date_modified"][:19] < high and status in (None, r["response_status"])
        ]

    def _given(self, number: str, score: Score) -> list[_ROW]:
        """A response; every fifth person began before and did not complete that, or tried it."""
        whole = self._response(number, score)
        if score.number % 5:
            return [whole]
        earlier = {**whole, "id": f"{whole['id']}0"}
        kind = score.number // 5 % 4
        if kind == 3:
            return [{**earlier, "collection_mode": "preview"}, whole]
        return [{**earlier, "response_status": _STATUSES[kind]}, whole]

    def _response(self, number: str, score: Score) -> _ROW:
        _, _, question, _ = _SURVEYS[number]
        at = score.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        answer: _ROW = {"row_id": "7001", "choice_id": f"{question}{score.value:02d}"}
        if number == "310002":
            answer["choice_metadata"] = {
                "weight": "-100" if score.value <= 6 else "0" if score.value <= 8 else "100"
            }
        return {
            "id": str(score.number + 3),
            "survey_id": number,
            "collector_id": "6100",
            "recipient_id": str(score.person.number),
            "response_status": "completed",
            "collection_mode": "default",
            "custom_value": "",
            "custom_variables": {"ticket_id": str(score.ticket)} if score.ticket else {},
            "metadata": {"contact": {}},
            "total_time": score.seconds,
            "ip_address": "203.0.113.7",
            "date_created": at,
            "date_modified": at,
            "pages": [
                {
                    "id": "41",
                    "questions": [
                        {"id": question, "answers": [answer]},
                        {"id": "999", "answers": [{"text": "Thank you."}]},
                    ],
                }
            ],
        }
