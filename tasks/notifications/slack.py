"""Slack incoming webhook: `text` for notifications, `blocks` for the channel.

Source: docs.slack.dev, incoming webhooks, Block Kit.

A section holds 3,000 characters, a header 150. `&`, `<` and `>` are escaped, so that nothing in a
value is a link or a mention; mrkdwn marks are not interpreted, because all texts but the header are
sent as they are in `plain_text`.
"""

from typing import Any

from tasks.notifications.content import Message, cut, fitting


def payload(message: Message) -> dict[str, Any]:
    """Body of the post."""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(cut(message.title, 150))}]
    blocks += [
        {"type": "section", "text": _plain("\n".join(fitting(lines, each=400, most=2500)))}
        for lines in (message.lines, message.details)
        if lines
    ]
    if message.links:
        blocks.append(
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": _plain(cut(label, 70)), "url": address}
                    for label, address in message.links
                ],
            }
        )
    blocks.append({"type": "context", "elements": [_plain(f"run {message.run_id}")]})
    return {"text": escaped(cut(message.title, 150)), "blocks": blocks}


def escaped(text: str) -> str:
    """Text for mrkdwn: no mention, no link; look-alikes for the marks of bold and code."""
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, instead)
    return text


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
