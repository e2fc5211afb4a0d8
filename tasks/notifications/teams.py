"""Microsoft Teams, Workflows webhook: an Adaptive Card 1.4.

Source: learn.microsoft.com, webhooks; adaptivecards.io.

A card may have 28 KB; 20 KB are kept to. Text blocks know a little Markdown, so its marks are
escaped with a backslash.
"""

import re
from typing import Any

from tasks.notifications.content import Message, cut, fitting

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!~|<>])")


def payload(message: Message) -> dict[str, Any]:
    """Body of the post."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": escaped(cut(message.title, 200)),
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
            "color": "Good" if message.is_ok else "Attention",
        },
    ]
    body += [_block(line) for line in fitting(message.lines, each=400, most=4000)]
    body += [_block(line, isSubtle=True) for line in fitting(message.details, each=400, most=2500)]
    body.append(_block(f"run {message.run_id}", isSubtle=True))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if message.links:
        card["actions"] = [
            {"type": "Action.OpenUrl", "title": cut(label, 70), "url": address}
            for label, address in message.links
        ]
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": card,
            }
        ],
    }


def escaped(text: str) -> str:
    """No mark of Markdown is one."""
    return _MARKS.sub(r"\\\1", text)


def _block(text: str, **more: object) -> dict[str, object]:
    return {"type": "TextBlock", "text": escaped(text), "wrap": True, "spacing": "Small", **more}
