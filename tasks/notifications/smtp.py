"""E-mail by SMTP (RFC 5321), with TLS, STARTTLS or neither, and a login where one is set."""

import smtplib
import ssl

from tasks.errors import (
    ConfigurationError,
    ContractError,
    RejectedByVendorError,
    UnreachableError,
)
from tasks.notifications.content import Message
from tasks.notifications.mail import letter
from tasks.settings import NotificationSettings, SecretLookup, secrets_of

ACCOUNT = "notifications"  # whose secrets are looked up


def send(settings: NotificationSettings, message: Message, lookup: SecretLookup | None) -> None:
    """Send a message by the mail server of the settings.

    Raises SupportEtlError: ContractError where it may have been delivered in spite of it.
    """
    if not settings.smtp_host or not settings.email_from:
        raise ConfigurationError("e-mail: set notifications.smtp_host and notifications.email_from")
    try:
        with _server(settings) as server:
            _log_in(server, settings, lookup)
            refused = server.send_message(letter(message, settings.email_from, settings.email_to))
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
            settings.smtp_user, secrets_of(ACCOUNT, ("smtp_password",), lookup)["smtp_password"]
        )
    except (
        smtplib.SMTPAuthenticationError,
        smtplib.SMTPServerDisconnected,
    ):  # nothing has been sent yet
        raise RejectedByVendorError(
            "e-mail: the server refuses the login; check notifications.smtp_user and the secret"
            " smtp_password"
        ) from None


def _server(settings: NotificationSettings) -> smtplib.SMTP:
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
