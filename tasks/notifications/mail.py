"""E-mail: plain text and the same as HTML, escaped.

Source: RFC 5322; the standard library folds and encodes headers.
"""

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from markupsafe import escape

from tasks.clock import now
from tasks.notifications.content import Message, cut, fitting


def letter(message: Message, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """The e-mail."""
    made = EmailMessage()
    made["Subject"] = cut(message.title, 200)
    made["From"], made["To"] = sender, ", ".join(to)
    made["Date"], made["Message-ID"] = (
        format_datetime(now()),
        make_msgid(domain=sender.rpartition("@")[2] or None),
    )
    made["Auto-Submitted"] = "auto-generated"
    lines = fitting(message.lines, each=1000, most=50_000)
    details = [*fitting(message.details, each=1000, most=50_000), f"run {message.run_id}"]
    links = [f"{label}: {address}" for label, address in message.links]
    made.set_content(
        "\n\n".join("\n".join(part) for part in (lines, links, details) if part) + "\n"
    )
    made.add_alternative(_html(message, lines, details), subtype="html")
    return made


def _html(message: Message, lines: list[str], details: list[str]) -> str:
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    links = "".join(
        f'<p><a href="{escape(address)}">{escape(label)}</a></p>'
        for label, address in message.links
    )
    small = "<br>".join(str(escape(line)) for line in details)
    title = escape(message.title)
    body = f"<h3>{title}</h3>{told}{links}<p><small>{small}</small></p>"
    return f"<html><body>{body}</body></html>"
