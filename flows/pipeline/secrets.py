"""Where secrets come from that the environment does not have, in the order of the settings."""

import logging
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tasks.errors import ConfigurationError
from tasks.rest.vault import Vault
from tasks.settings import SecretBlocks, SecretLookup, SecretsSettings, Settings, redact

_LOG = logging.getLogger("support_etl")
_SECONDS = 60


def secret_lookup(settings: Settings, blocks: SecretLookup | None) -> SecretLookup | None:
    """Vault, then the program of the settings, then Prefect's blocks: those that are set."""
    if isinstance(blocks, _Chain):
        return blocks
    managers = _managers(settings.secrets)
    if not managers:
        return blocks
    return _Chain((*managers, blocks) if blocks else managers)


def _managers(settings: SecretsSettings) -> tuple[SecretLookup, ...]:
    """The secret managers of the settings; what the program gave is not asked for again."""
    found: list[SecretLookup] = []
    if settings.vault_url:
        found.append(Vault(settings))
    if settings.command:
        found.append(cache(_Program(settings.command)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Chain:
    """Several places for secrets; the first that has one counts, and gets its new value."""

    places: tuple[SecretLookup, ...]

    def __call__(self, name: str, /) -> str | None:
        return next((value for place in self.places if (value := place(name))), None)

    def write(self, name: str, value: str) -> bool:
        """Put a new value where the old one is; whether that worked."""
        holder = next((place for place in self.places if place(name)), None)
        return isinstance(holder, SecretBlocks) and holder.write(name, value)


@dataclass(frozen=True, slots=True)
class _Program:
    """A program that prints one secret, such as the command line of a cloud."""

    command: Sequence[str]

    def __call__(self, name: str, /) -> str | None:
        """What it prints; None if it fails, because most secrets of other sign-ins are not there.

        Raises ConfigurationError if it cannot be started or does not end.
        """
        words = [word.replace("{name}", name) for word in self.command]
        try:
            done = subprocess.run(  # noqa: S603  the owner of the settings chose it
                words, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as trouble:
            reason = getattr(trouble, "strerror", None) or f"no end within {_SECONDS} s"
            raise ConfigurationError(f"secrets.command {words[0]}: {reason}") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            _LOG.info("%s: %s: %s", words[0], name, redact(lines[-1]))
            return None
        return done.stdout.rstrip("\r\n") or None
