"""Finds every use of a read in the code, as a function or as a method of `Reads`."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS = {  # and whether the row type is given
    "read": True,
    "read_one": True,
    "read_arrow": False,
    "ask.rows": True,
    "ask.one": True,
    "ask.columns": False,
}


@dataclass(frozen=True)
class Use:
    """A call: where it is, which read, which row type (None for columns), which parameters."""

    place: str
    read: str
    row: type | None
    parameters: frozenset[str] | None  # None where they are given as a mapping

    def __str__(self) -> str:
        return f"{self.place} {self.read}"


def uses() -> list[Use]:
    """All calls in flows and tasks."""
    paths = sorted(p for folder in ("flows", "tasks") for p in (ROOT / folder).rglob("*.py"))
    return [use for path in paths for use in _uses_of(path)]


def _uses_of(path: Path) -> Iterator[Use]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = any(
        isinstance(node, ast.ImportFrom)
        and node.module in {"tasks.sqlmodels.reads", "tasks.reporting.report"}
        for node in ast.walk(tree)
    )
    for node in ast.walk(tree) if imported else ():
        if isinstance(node, ast.Call) and (function := _function(node.func)) in CALLS:
            yield _use(path, node, function)


def _function(called: ast.expr) -> str:
    """The function that is called; of a `Reads`, the method with the class's short name."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return f"{called.value.id}.{called.attr}"
    return called.id if isinstance(called, ast.Name) else ""


def _use(path: Path, call: ast.Call, function: str) -> Use:
    place = f"{path.relative_to(ROOT)}:{call.lineno}"
    given = call.args if function.startswith("ask.") else call.args[1:]
    name = given[0]
    assert isinstance(name, ast.Constant), f"{place}: say the name of the read in the call"
    row = None
    if CALLS[function]:
        assert isinstance(given[1], ast.Name), f"{place}: say the row type in the call"
        module = importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        row = getattr(module, given[1].id)
    keywords = [keyword.arg for keyword in call.keywords]
    parameters = None if None in keywords else frozenset(str(each) for each in keywords)
    return Use(place, str(name.value), row, parameters)
