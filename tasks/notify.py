"""Step: tell people how a run ended, by Slack, Teams and e-mail.

The same trouble is told once a day and channel, however often the job runs, and once more when it
is over. A channel that cannot be reached stops nothing: the run says what was not delivered, and
the next one tells it.
"""

import hashlib
import itertools
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tasks.clock import now
from tasks.errors import (
    ConfigurationError,
    ContractError,
    RejectedByVendorError,
    SupportEtlError,
    UnreachableError,
)
from tasks.notifications import mail, slack, teams
from tasks.notifications.content import Message
from tasks.rest import webhook
from tasks.settings import NotificationSettings, SecretLookup, redact, secrets_of
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse

_AGAIN = timedelta(hours=24)
_ACCOUNT = "notifications"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message on one channel."""

    channel: str
    state: str
    description: str = ""


def notify(
    settings: NotificationSettings,
    warehouse: Warehouse | None,
    message: Message,
    *,
    lookup: SecretLookup | None = None,
) -> list[Delivery]:
    """Send what is due and enter it in the books.

    Without a warehouse (it is what is broken) everything is due.
    """
    found = []
    for channel, send in _channels(settings, lookup).items():
        if warehouse is not None and not _is_due(settings, warehouse, channel, message):
            continue
        delivery = _deliver(channel, send, message)
        found.append(delivery)
        if warehouse is not None:
            with warehouse.transaction() as session:
                runlog.record_notification(
                    session,
                    {
                        "run_id": message.run_id,
                        "channel": channel,
                        "topic": topic_of(message),
                        "is_ok": message.is_ok,
                        "state": delivery.state,
                        "message": delivery.description or None,
                    },
                )
    return found


def topic_of(message: Message) -> str:
    """Fingerprint of what is told: the same trouble in two runs has the same."""
    return hashlib.sha256("\n".join((message.title, *sorted(message.lines))).encode()).hexdigest()[
        :32
    ]


def _is_due(
    settings: NotificationSettings, warehouse: Warehouse, channel: str, message: Message
) -> bool:
    if settings.when == "always":
        return True
    with warehouse.session() as session:
        if message.is_ok:
            last = runlog.last_notification(session, channel)
            return last is not None and not last.is_ok
        told = itertools.takewhile(
            lambda one: not one.is_ok,
            runlog.notifications_since(session, channel, now() - _AGAIN),
        )
        return topic_of(message) not in {one.topic for one in told}


def _deliver(channel: str, send: Callable[[Message], None], message: Message) -> Delivery:
    try:
        send(message)
    except ContractError as unknown:
        return Delivery(channel, "unknown", redact(str(unknown)))
    except SupportEtlError as trouble:
        return Delivery(channel, "failed", redact(str(trouble)))
    return Delivery(channel, "delivered")


def _channels(
    settings: NotificationSettings, lookup: SecretLookup | None
) -> dict[str, Callable[[Message], None]]:
    """The channels that are switched on."""
    found: dict[str, Callable[[Message], None]] = {}
    if settings.slack:
        found["slack"] = lambda message: _post(
            settings, "Slack", "slack_url", slack.payload(message), lookup
        )
    if settings.teams:
        found["teams"] = lambda message: _post(
            settings, "Teams", "teams_url", teams.payload(message), lookup
        )
    if settings.email_to:
        found["email"] = lambda message: _mail(settings, message, lookup)
    return found


def _post(
    settings: NotificationSettings,
    who: str,
    secret: str,
    payload: object,
    lookup: SecretLookup | None,
) -> None:
    address = secrets_of(_ACCOUNT, (secret,), lookup)[secret]
    webhook.post(who, address, payload, ca_bundle=settings.ca_bundle, proxy=settings.proxy)


def _mail(settings: NotificationSettings, message: Message, lookup: SecretLookup | None) -> None:
    if not settings.smtp_host or not settings.email_from:
        raise ConfigurationError("e-mail: set notifications.smtp_host and notifications.email_from")
    try:
        with _mail_server(settings) as server:
            _log_in(server, settings, lookup)
            refused = server.send_message(
                mail.letter(message, settings.email_from, settings.email_to)
            )
    except smtplib.SMTPServerDisconnected:
        raise ContractError(
            "e-mail: the connection broke; the message may have come through"
        ) from None
    except ssl.SSLError:
        raise ConfigurationError(
            "e-mail: the server's certificate is not trusted; set notifications.ca_bundle for a"
            " private authority"
        ) from None
    except smtplib.SMTPException as trouble:
        code = getattr(trouble, "smtp_code", "") or type(trouble).__name__
        raise RejectedByVendorError(f"e-mail: the server refuses the message ({code})") from None
    except OSError as trouble:
        raise UnreachableError(
            f"e-mail: {settings.smtp_host}:{settings.smtp_port} cannot be reached"
            f" ({trouble.strerror or type(trouble).__name__})"
        ) from None
    if refused:
        raise RejectedByVendorError(
            f"e-mail: refused for {', '.join(sorted(refused))}; the others got it"
        )


def _log_in(
    server: smtplib.SMTP, settings: NotificationSettings, lookup: SecretLookup | None
) -> None:
    if not settings.smtp_user:
        return
    try:
        server.login(
            settings.smtp_user, secrets_of(_ACCOUNT, ("smtp_password",), lookup)["smtp_password"]
        )
    except (
        smtplib.SMTPAuthenticationError,
        smtplib.SMTPServerDisconnected,
    ):  # nothing has been sent yet
        raise RejectedByVendorError(
            "e-mail: the server refuses the login; check notifications.smtp_user and the secret"
            " smtp_password"
        ) from None


def _mail_server(settings: NotificationSettings) -> smtplib.SMTP:
    trusted = ssl.create_default_context(cafile=settings.ca_bundle or None)
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=30, context=trusted)
    if (
        settings.smtp_security == "none"
        and settings.smtp_user
        and settings.smtp_host not in {"localhost", "127.0.0.1"}
    ):
        raise ConfigurationError(
            "e-mail: a password is not sent over an open connection; set"
            " notifications.smtp_security"
        )
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=30)
    if settings.smtp_security == "starttls":
        server.starttls(context=trusted)
    return server


def undelivered(deliveries: Sequence[Delivery]) -> list[str]:
    """What the run has to say of its messages."""
    return [
        f"not delivered by {d.channel} ({d.state}): {d.description}"
        for d in deliveries
        if d.state != "delivered"
    ]
