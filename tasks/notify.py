"""Step: notify people of how a run ended, by Slack, Teams and e-mail.

A problem is reported once a day and channel, however often the job runs, and its end once more. A
channel that cannot be reached stops nothing: the run says what was not delivered, and the next one
sends it.
"""

import hashlib
import itertools
from collections.abc import Sequence
from datetime import timedelta

from tasks.clock import now
from tasks.notifications.channels import Delivery, channels_of, deliver
from tasks.notifications.content import Message
from tasks.settings import NotificationSettings, SecretLookup
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse

_AGAIN = timedelta(hours=24)


def notify(
    settings: NotificationSettings,
    warehouse: Warehouse | None,
    message: Message,
    *,
    lookup: SecretLookup | None = None,
) -> list[Delivery]:
    """Send what is due and record it in the run log.

    Without a warehouse (when that is what failed) everything is due.
    """
    deliveries = []
    for channel, send in channels_of(settings, lookup).items():
        if warehouse is not None and not _is_due(settings, warehouse, channel, message):
            continue
        delivery = deliver(channel, send, message)
        deliveries.append(delivery)
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
    return deliveries


def topic_of(message: Message) -> str:
    """Fingerprint of a message: the same problem in two runs has the same."""
    text = "\n".join((message.title, *sorted(message.lines)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _is_due(
    settings: NotificationSettings, warehouse: Warehouse, channel: str, message: Message
) -> bool:
    if settings.when == "always":
        return True
    with warehouse.session() as session:
        if message.is_ok:
            last = runlog.last_notification(session, channel)
            return last is not None and not last.is_ok
        recent = runlog.notifications_since(session, channel, now() - _AGAIN)
        problems = itertools.takewhile(lambda sent: not sent.is_ok, recent)
        return topic_of(message) not in {sent.topic for sent in problems}


def undelivered(deliveries: Sequence[Delivery]) -> list[str]:
    """What the run says about messages that were not delivered."""
    return [
        f"not delivered by {d.channel} ({d.state}): {d.description}"
        for d in deliveries
        if d.state != "delivered"
    ]
