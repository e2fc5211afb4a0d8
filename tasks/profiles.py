"""Named sections of one settings file: `[profiles.dev]` changes what differs on a dev machine."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from tasks.errors import ConfigurationError

Values = Mapping[str, Any]


def with_profile(values: Values, name: str) -> dict[str, Any]:
    """The settings of a file with those of the chosen profile over them; "" chooses none.

    Sections are merged name by name. An account of the profile changes the one of the same name, or
    is added; any other list is replaced.

    Raises:
        ConfigurationError: The file has no such profile, or `profiles` is no table of tables.

    """
    profiles = values.get("profiles", {})
    if not isinstance(profiles, Mapping) or not all(
        isinstance(one, Mapping) for one in profiles.values()
    ):
        raise ConfigurationError("profiles: write each as a section of its own, [profiles.dev]")
    base = {key: value for key, value in values.items() if key != "profiles"}
    if not name:
        return base
    if name not in profiles:
        raise ConfigurationError(f"no profile {name!r}; {_advice(name, tuple(profiles))}")
    return _merged(base, profiles[name])


def _advice(name: str, known: Sequence[str]) -> str:
    if not known:
        return f"the file has none; begin one with [profiles.{name}]"
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def _merged(base: Values, over: Values) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        present = base.get(key)
        if isinstance(present, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(present, value)
        elif key == "accounts" and isinstance(present, list) and isinstance(value, list):
            merged[key] = _accounts(present, value)
        else:
            merged[key] = value
    return merged


def _accounts(base: Sequence[Values], over: Sequence[Values]) -> list[dict[str, Any]]:
    by_name = {account.get("name"): dict(account) for account in base}
    for account in over:
        name = account.get("name")
        by_name[name] = _merged(by_name.get(name, {}), account)
    return list(by_name.values())
