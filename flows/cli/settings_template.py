"""The text of a new `support_etl.toml`, from the settings' names, defaults and descriptions."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tasks.settings import AccountSettings, Settings, secret_variable

if TYPE_CHECKING:
    from tasks.rest.spec import Connector

_HEAD: Final = """\
# Settings of Support ETL. A line that begins with # shows a default: remove the # to change it.
# `support-etl doctor` checks this file. Secrets are environment variables; they never stand here.
"""
_SECRETS_HEAD: Final = """\
# Secrets of the accounts in support_etl.toml. Copy this file to .env, fill it in, and keep it out
# of version control. Load it before a command: set -a; . ./.env; set +a
# A line with _FILE at the end of the name gives a file that holds the secret.
"""
_ACCOUNTS: Final = "# Accounts to read. Without any, `support-etl run` reads a sandbox.\n"
_EXAMPLE: Final = """\
# [[accounts]]
# connector = "zendesk"
# name = "zendesk_main"
# subdomain = "acme"
"""
_WIDTH: Final = 98  # with the mark of a comment: 100 columns

Values = Mapping[str, object]


def settings_template(chosen: Mapping[str, Values], accounts: Sequence[str]) -> str:
    """Text of the settings file.

    Args:
        chosen: Values by section and name; everything else is written as a comment.
        accounts: Text of each account, as `account_template` gives it.

    """
    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            lines += [*_comment(section.__doc__ or ""), f"[{name}]"]
            lines += _fields(section, chosen.get(name, {}))
    lines += [_ACCOUNTS, *(accounts or [_EXAMPLE]), *_account_options()]
    return "\n".join(lines) + "\n"


def account_template(connector: "Connector", name: str, values: Values) -> str:
    """Text of an account: its own settings, and the environment variables of its secrets."""
    lines = ["[[accounts]]", f"connector = {_toml(connector.name)}", f"name = {_toml(name)}"]
    lines += [f"{setting} = {_toml(values.get(setting, ''))}" for setting in connector.settings]
    lines += [
        f"{setting} = {_toml(values[setting])}" if setting in values else f'# {setting} = ""'
        for setting in connector.optional_settings
    ]
    lines += _sign_in(connector, name)
    return "\n".join([*lines, ""])


def secrets_template(accounts: Sequence[tuple["Connector", str]]) -> str:
    """Text of a file with the secrets of the accounts, to be copied and filled in."""
    lines = [_SECRETS_HEAD]
    for connector, name in accounts:
        known = [way for way in connector.auth.ways if (*way.secrets, *way.optional)]
        one_of = ", one way to sign in is enough" if len(known) > 1 else ""
        lines += [f"# {name}: {connector.title}{one_of}"] if known else []
        for number, way in enumerate(known):
            lines.append(f"# by {way.title}:")
            mark = "# " if number else ""  # the first way is the vendor's usual one
            lines += [f"{mark}{secret_variable(name, s)}=" for s in way.secrets]
            lines += [f"# {secret_variable(name, s)}=" for s in way.optional]
        lines += [""] if known else []
    return "\n".join(lines)


def _sign_in(connector: "Connector", name: str) -> Iterator[str]:
    """The secrets of each way to sign in; one way is enough."""
    ways = connector.auth.ways
    for way in ways:
        if len(ways) > 1:
            yield f"# sign-in by {way.title}:"
        yield from (f"# secret: {secret_variable(name, s)}" for s in (*way.secrets, *way.optional))


def _account_options() -> Iterator[str]:
    yield "# What every account may have as well:"
    for name, field in AccountSettings.model_fields.items():
        if not field.is_required():
            yield from _comment(field.description or "")
            yield f"# {name} = {_default(field)}"


def _fields(section: type[BaseModel], chosen: Values) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield from _comment(field.description or "")
        if name in chosen:
            yield f"{name} = {_toml(chosen[name])}"
        else:
            yield f"# {name} = {_default(field)}"
    yield ""


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(" ".join(text.split()), _WIDTH):
        yield f"# {line}"


def _default(field: FieldInfo) -> str:
    return "(not set)" if field.default is None else _toml(field.default)


def account_values(values: Values) -> str:
    """Text of an account with these values and nothing else."""
    return "\n".join(["[[accounts]]", *(f"{k} = {_toml(v)}" for k, v in values.items()), ""])


def _toml(value: object) -> str:
    """A value in TOML; tables stand on one line."""
    if isinstance(value, datetime):
        return f'"{value:%Y-%m-%d}"'
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
