"""The settings page, made from the pydantic models of `tasks.settings`."""

import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.reference.markdown import code, heading, joined, table
from tasks.settings import AccountSettings, Settings

_KINDS: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "date",
    datetime: "instant",
}
_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}


def settings() -> str:
    """Return every section with its settings, then the settings of an account."""
    sections = [
        _section(f"[{name}]", name, field.annotation)
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]
    return joined([*sections, _section("[[accounts]]", "accounts", AccountSettings)])


def _section(title: str, name: str, model: type[BaseModel]) -> str:
    rows = [
        (code(f"{name}.{key}"), field.description, _kind(field), _default(field))
        for key, field in model.model_fields.items()
    ]
    return joined(
        [
            heading(2, code(title), name),
            inspect.cleandoc(model.__doc__ or ""),
            table(("Setting", "Meaning", "Value", "Default"), rows),
        ]
    )


def _kind(field: FieldInfo) -> str:
    bounds = " ".join(_bounds(field.metadata))
    return f"{_kind_of(field.annotation)} {bounds}".strip()


def _bounds(constraints: Iterable[object]) -> Iterable[str]:
    for constraint in constraints:
        for name, words in _BOUNDS.items():
            if (bound := getattr(constraint, name, None)) is not None:
                yield words.format(bound)


def _kind_of(annotation: object) -> str:
    arguments = [a for a in typing.get_args(annotation) if a not in (type(None), ...)]
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return " or ".join(code(value) for value in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_kind_of(a) for a in arguments)
    if origin is typing.Annotated:
        return _kind_of(arguments[0])
    if origin is tuple:
        return "list of " + _kind_of(arguments[0])
    return _KINDS.get(annotation, "table")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, datetime):
        return code(value.date())
    if isinstance(value, tuple):
        return code(list(value))
    return "none" if value is None else code(value) or "empty"
