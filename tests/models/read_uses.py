"""Finds every use of a read in the code: calls of `read`, `read_one` and `read_arrow`."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS = {"read": 1, "read_one": 1, "read_arrow": 0}


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
        isinstance(node, ast.ImportFrom) and node.module == "tasks.sqlmodels.reads"
        for node in ast.walk(tree)
    )
    for node in ast.walk(tree) if imported else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield _use(path, node, node.func.id)


def _use(path: Path, call: ast.Call, function: str) -> Use:
    place = f"{path.relative_to(ROOT)}:{call.lineno}"
    name = call.args[1]
    assert isinstance(name, ast.Constant), f"{place}: say the name of the read in the call"
    row = None
    if CALLS[function]:
        assert isinstance(call.args[2], ast.Name), f"{place}: say the row type in the call"
        module = importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        row = getattr(module, call.args[2].id)
    given = [keyword.arg for keyword in call.keywords]
    parameters = None if None in given else frozenset(str(name) for name in given)
    return Use(place, str(name.value), row, parameters)
