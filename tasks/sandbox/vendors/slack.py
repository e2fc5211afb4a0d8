"""Slack's incoming webhook.

Facts: docs.slack.dev, incoming webhooks and Block Kit: plain-text answers, limits of blocks.
"""

import re
from typing import Any

from tasks.sandbox.fake import Fake, Request, Response

_TEXT = {"content-type": "text/plain"}
_MOST = {"header": 150, "section": 3000}


class SlackWebhook(Fake):
    """Takes messages at one secret path and keeps them in `messages`."""

    def __init__(self, path: str = "/services/T0001/B0001/hook-demo-secret") -> None:
        super().__init__()
        self.path, self.messages = path, []

    messages: list[dict[str, Any]]

    def answer(self, asked: Request) -> Response:
        if asked.path != self.path:
            return Response(b"no_service", 404, _TEXT)
        try:
            payload = asked.json()
        except ValueError:
            return Response(b"invalid_payload", 400, _TEXT)
        wrong = self._wrong(payload)
        if wrong:
            return Response(wrong.encode(), 400, _TEXT)
        self.messages.append(payload)
        return Response(b"ok", 200, _TEXT)

    def _wrong(self, payload: Any) -> str:
        if not isinstance(payload, dict) or not payload.get("text"):
            return "no_text"
        blocks = payload.get("blocks", [])
        if len(blocks) > 50:
            return "invalid_blocks"
        for block in blocks:
            texts = (
                [block["text"]]
                if "text" in block
                else [
                    e.get("text", e) if e.get("type") == "button" else e
                    for e in block.get("elements", [])
                ]
            )
            for text in texts:
                size = len(text.get("text", ""))
                if text.get("type") not in {"plain_text", "mrkdwn"} or not 0 < size <= _MOST.get(
                    block["type"], 2000
                ):
                    return "invalid_blocks"
            if block["type"] == "actions" and not all(
                re.match(r"https?://", e.get("url", "")) for e in block["elements"]
            ):
                return "invalid_blocks"
        return ""

    def unauthorized(self) -> Response:
        return Response(b"invalid_token", 403, _TEXT)

    def throttled(self) -> Response:
        return Response(b"rate_limited", 429, {**_TEXT, "retry-after": "1"})
