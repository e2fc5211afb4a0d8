"""Microsoft Teams, Workflows webhook.

Facts: learn.microsoft.com: 202 means accepted; Adaptive Cards; 28 KB; `sig` is the secret.
"""

from typing import Any

from tasks.sandbox.fake import Fake, Request, Response


class TeamsWorkflow(Fake):
    """Takes cards at one address and keeps them in `cards`."""

    def __init__(self, sig: str = "teams-demo-secret-sig") -> None:
        super().__init__()
        self.sig, self.cards = sig, []

    cards: list[dict[str, Any]]

    @property
    def address(self) -> str:
        path = "workflows/f00d/triggers/manual/paths/invoke"
        query = f"api-version=2016-06-01&sp=run&sv=1.0&sig={self.sig}"
        return f"{self.base_url}/{path}?{query}"

    def answer(self, asked: Request) -> Response:
        if asked.query.get("sig") != self.sig:
            return self.unauthorized()
        if len(asked.body) > 28 * 1024:
            return Response(
                {
                    "error": {
                        "code": "RequestEntityTooLarge",
                        "message": "Request body is too large",
                    }
                },
                413,
            )
        try:
            payload = asked.json()
            (attachment,) = payload["attachments"]
            card = attachment["content"]
            is_card = (
                attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
                and card["type"] == "AdaptiveCard"
            )
        except (ValueError, KeyError, TypeError):
            is_card = False
        if not is_card or payload.get("type") != "message":
            return Response(
                {
                    "error": {
                        "code": "TriggerInputSchemaMismatch",
                        "message": "The input body does not match the schema",
                    }
                },
                400,
            )
        self.cards.append(card)
        return Response(b"", 202)

    def unauthorized(self) -> Response:
        return Response(
            {
                "error": {
                    "code": "DirectApiAuthorizationRequired",
                    "message": "The request must be authenticated",
                }
            },
            401,
        )

    def throttled(self) -> Response:
        return Response(
            {"error": {"code": "TooManyRequests", "message": "Rate limit is exceeded"}},
            429,
            {"retry-after": "1"},
        )
