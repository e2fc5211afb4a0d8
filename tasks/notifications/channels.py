"""The channels that are switched on, and the delivery of a message on each."""

from collections.abc import Callable
from dataclasses import dataclass

from tasks.errors import ContractError, SupportEtlError
from tasks.notifications import slack, smtp, teams
from tasks.notifications.content import Message
from tasks.rest import webhook
from tasks.settings import NotificationSettings, SecretLookup, redact, secrets_of

Send = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of a message on one channel."""

    channel: str
    state: str
    description: str = ""


def deliver(channel: str, send: Send, message: Message) -> Delivery:
    """Send, and say how it ended; nothing is raised for a channel that does not work."""
    try:
        send(message)
    except ContractError as unknown:
        return Delivery(channel, "unknown", redact(str(unknown)))
    except SupportEtlError as trouble:
        return Delivery(channel, "failed", redact(str(trouble)))
    except Exception as unforeseen:  # noqa: BLE001  the other channels still get their message
        return Delivery(channel, "failed", redact(f"{type(unforeseen).__name__}: {unforeseen}"))
    return Delivery(channel, "delivered")


def channels_of(settings: NotificationSettings, lookup: SecretLookup | None) -> dict[str, Send]:
    """The channels that are switched on."""
    channels: dict[str, Send] = {}
    if settings.slack:
        channels["slack"] = lambda message: _post(
            settings, "Slack", "slack_url", slack.payload(message), lookup
        )
    if settings.teams:
        channels["teams"] = lambda message: _post(
            settings, "Teams", "teams_url", teams.payload(message), lookup
        )
    if settings.email_to:
        channels["email"] = lambda message: smtp.send(settings, message, lookup)
    return channels


def _post(
    settings: NotificationSettings,
    who: str,
    secret: str,
    payload: object,
    lookup: SecretLookup | None,
) -> None:
    address = secrets_of(smtp.ACCOUNT, (secret,), lookup)[secret]
    webhook.post(who, address, payload, ca_bundle=settings.ca_bundle, proxy=settings.proxy)
