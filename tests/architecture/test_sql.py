"""SQL is in `sql/`; only the engine's own rooms generate statements."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATEMENT = re.compile(
    r"\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()",
    re.IGNORECASE | re.DOTALL,
)


def _texts(path: Path) -> Iterator[str]:
    """Every string of a file, with `{}` for what an f-string inserts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )


def _files() -> list[str]:
    steps = [
        *(ROOT / "flows").rglob("*.py"),
        *(ROOT / "tasks").glob("*.py"),
        *(ROOT / "tasks" / "reporting").rglob("*.py"),
    ]
    return sorted(path.relative_to(ROOT).as_posix() for path in steps)


def _has_sql(file: str) -> bool:
    return any(STATEMENT.match(text) for text in _texts(ROOT / file))


@pytest.mark.parametrize("file", _files())
def test_flows_and_steps_have_no_sql(file: str):
    assert not _has_sql(file)
