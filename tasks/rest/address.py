"""Where an account lives: a region of a closed list, or names that are checked.

Nothing is guessed. A region that is not listed, and a name that is no host name, are refused before
any secret is sent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tasks.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_GAP = re.compile(r"\{(\w+)\}")
_HERE = {"localhost", "127.0.0.1"}
_DOTTED = {"my_domain", "datacenter"}  # Salesforce's sandboxes, brands of Qualtrics

Values = Mapping[str, str]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A setting with a closed list of places; each gives the values that addresses name.

    Without a default the account must name its place.
    """

    setting: str
    places: Mapping[str, Values]
    default: str = ""

    def values_of(self, given: Values) -> Values:
        """What the account's place gives; nothing if it names none and there is no default.

        Raises:
            ConfigurationError: The place is not on the list.

        """
        place = given.get(self.setting) or self.default
        if place and place not in self.places:
            raise ConfigurationError(
                f"setting {self.setting}: {place!r} is not known; there are"
                f" {', '.join(self.places)}"
            )
        return self.places[place] if place else {}

    @property
    def names(self) -> frozenset[str]:
        """The values that a place gives, and that templates may name."""
        return frozenset(name for values in self.places.values() for name in values)


def gaps(template: str) -> Names:
    """The settings that a template names."""
    return tuple(dict.fromkeys(_GAP.findall(template)))


def base_url_of(base_url: str, others: Sequence[str], values: Values) -> str:
    """The account's address: the first of the others that is complete, else the usual one.

    Raises:
        ConfigurationError: A setting is missing, or is no part of a host name.

    """
    return fill(_chosen(base_url, others, values), values)


def spared_settings(host: str, others: Sequence[str], values: Values) -> Names:
    """The settings of the usual host that are not needed, because another is complete."""
    return () if _chosen(host, others, values) == host else gaps(host)


def _chosen(base_url: str, others: Sequence[str], values: Values) -> str:
    complete = (one for one in others if all(values.get(name) for name in gaps(one)))
    return next(complete, base_url)


def fill(template: str, values: Values) -> str:
    """The template with its settings.

    Raises:
        ConfigurationError: A setting is missing, or is no part of a host name.

    """
    for name in gaps(template):
        if not values.get(name):
            raise ConfigurationError(f"setting {name} is needed for the address {template}")
        _refuse_odd(name, values, template)
    return template.format_map(dict(values))


def _refuse_odd(name: str, values: Values, template: str) -> None:
    value = values[name]
    if not _NAME.fullmatch(value) or ".." in value:
        raise ConfigurationError(
            f"setting {name}: {value!r} is no part of a host name; write it without https:// and /"
        )
    rest = template.partition(f"{{{name}}}")[2].partition("/")[0]
    ending = _GAP.sub(lambda gap: values.get(gap[1], ""), rest).lower()
    if ending and (("." in value and name not in _DOTTED) or value.lower().endswith(ending)):
        raise ConfigurationError(
            f"setting {name}: write only what comes before {ending}; the API answers at no other"
            " address"
        )


def host_names(setting: str, text: str) -> Names:
    """The hosts that a setting lists, with spaces between them.

    Raises:
        ConfigurationError: One of them is no host name.

    """
    names = tuple(text.split())
    for name in names:
        if not _NAME.fullmatch(name) or ".." in name:
            raise ConfigurationError(
                f"setting {setting}: {name!r} is no host name; write it without https:// and /"
            )
    return names


def login_origin(text: str) -> str:
    """The setting login_url: an address that gets secrets, so https, or a host of this machine.

    Raises:
        ConfigurationError: It is no such address.

    """
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    if not is_safe or not parts.hostname or "@" in parts.netloc:
        raise ConfigurationError(
            f"setting login_url: {text!r} is no address for secrets; write https:// and the host"
        )
    return text.rstrip("/")


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def host_of(url: str) -> str:
    """The host of an address, with its port if it names one."""
    return urlsplit(url).netloc.rpartition("@")[2]
