"""Fake Typeform, from typeform.com/developers: forms by page, answers newest first by token."""

import re
from datetime import datetime
from typing import Any

from tasks.sandbox.fake import Fake, Request, Response, iso, page_of
from tasks.sandbox.oauth import TokenDesk
from tasks.sandbox.story import Score
from tasks.sandbox.world import World

FORMS = {
    "u6nXL7": (
        "relationship",
        "Would you recommend us?",
        "nps_score",
        "nps",
        {},
    ),
    "e4fFrt": (
        "effort",
        "It was easy to get help",
        "ces_score",
        "opinion_scale",
        {"start_at_one": True, "steps": 7},
    ),
}


class Typeform(Fake):
    """The organisation's account: two forms, one with its question in a group."""

    def __init__(
        self, world: World, *, clock: datetime | None = None, token: str = "typeform-demo-token"
    ) -> None:
        super().__init__(clock=clock)
        self.world = world
        self._token = token
        self.responses_host = "api.typeform.com"  # of the account's data centre
        self.token_desk = TokenDesk(
            "typeform",
            ("typeform-client", "typeform-demo-secret"),
            ("refresh_token",),
            refresh_token="typeform-demo-refresh",
            rotates=True,
            more={"expires_in": 604800},
        )
        self.per_page = 1000

    def _error(self, status: int, code: str, text: str) -> Response:
        return Response({"code": code, "description": text}, status)

    def unauthorized(self) -> Response:
        return self._error(401, "AUTHENTICATION_FAILED", "Invalid token")

    def throttled(self) -> Response:
        return Response(
            {"code": "TOO_MANY_REQUESTS", "description": "Slow down"}, 429, {"retry-after": "1"}
        )

    def forbidden(self) -> Response:
        return self._error(403, "AUTHORIZATION_FAILED", "Missing scope responses:read")

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/token":
            return self.token_desk.answer(asked)
        if asked.bearer() not in {self._token, *self.token_desk.tokens}:
            return self.unauthorized()
        if asked.path == "/forms":
            size = min(int(asked.query.get("page_size", "10")), 200)
            page = int(asked.query.get("page", "1"))
            rows = [
                {
                    "id": i,
                    "title": f[1],
                    "last_updated_at": "2024-02-01T09:00:00Z",
                    "self": {"href": f"https://{self.responses_host}/forms/{i}"},
                    "_links": {
                        "display": f"https://alderfinch.typeform.com/to/{i}",
                        "responses": f"https://{self.responses_host}/forms/{i}/responses",
                    },
                }
                for i, f in FORMS.items()
            ]
            return Response(
                {
                    "total_items": len(rows),
                    "page_count": -(-len(rows) // size),
                    "items": list(page_of(rows, (page - 1) * size, size)[0]),
                }
            )
        match = re.fullmatch(r"/forms/(\w+)(/responses)?", asked.path)
        if not match or match[1] not in FORMS:
            return self._error(404, "FORM_NOT_FOUND", "form not found")
        return self._responses(match[1], asked) if match[2] else Response(self._form(match[1]))

    def _form(self, form: str) -> dict[str, Any]:
        _, title, ref, kind, properties = FORMS[form]
        asked = {
            "id": f"q-{form}",
            "ref": ref,
            "type": kind,
            "title": title,
            "properties": properties,
        }
        group = {
            "id": "Grp01",
            "ref": "more",
            "type": "group",
            "properties": {"fields": [asked]},
        }
        return {
            "id": form,
            "title": title,
            "last_updated_at": "2024-02-01T09:00:00Z",
            "hidden": ["ticket_id"],
            "_links": {"display": f"https://alderfinch.typeform.com/to/{form}"},
            "fields": [group if kind == "opinion_scale" else asked],
        }

    def told(self, form: str) -> list[Score]:
        """Answers so far, newest first."""
        return [s for s in self.world.scores if s.survey == FORMS[form][0] and s.at <= self.clock][
            ::-1
        ]

    def _responses(self, form: str, asked: Request) -> Response:
        if "sort" in asked.query and ("before" in asked.query or "after" in asked.query):
            return self._error(400, "VALIDATION_ERROR", "sort may not be combined with tokens")
        low = asked.query.get("since", "")
        high = asked.query.get("until", "9")
        rows = [s for s in self.told(form) if low <= iso(s.at) <= high]
        if "before" in asked.query:
            tokens = [self._token_of(s) for s in rows]
            if asked.query["before"] not in tokens:
                return self._error(400, "VALIDATION_ERROR", "the token is not of this form")
            rows = rows[tokens.index(asked.query["before"]) + 1 :]
        size = min(int(asked.query.get("page_size", "25")), self.per_page)
        return Response(
            {
                "total_items": len(rows),
                "page_count": -(-len(rows) // size),
                "items": [self._response(form, s) for s in rows[:size]],
            }
        )

    def _token_of(self, score: Score) -> str:
        return f"{score.number:x}{score.survey[0]}"

    def _response(self, form: str, score: Score) -> dict[str, Any]:
        _, _, ref, kind, _ = FORMS[form]
        token = self._token_of(score)
        answers = [
            {
                "field": {"id": f"q-{form}", "ref": ref, "type": kind},
                "type": "number",
                "number": score.value,
            },
            {
                "field": {"id": "Cmt01", "ref": "comment", "type": "long_text"},
                "type": "text",
                "text": "Thanks",
            },
        ]
        return {
            "landing_id": token,
            "token": token,
            "response_id": token,
            "landed_at": iso(score.at),
            "submitted_at": iso(score.at),
            "metadata": {"platform": "mobile"},
            "hidden": {"ticket_id": str(score.ticket)} if score.ticket else {},
            "calculated": {"score": 0},
            **({"answers": answers} if score.number % 50 else {}),
        }
