"""The code stays readable at a glance: short functions, light lines, one width.

The limits are what the tree had reached when they were set; they only go down.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100
LONGEST_FUNCTION = 60
SHORT_FUNCTION, SHORT_SHARE = 30, 0.9
TOKENS_OF_A_LINE, TOKEN_SHARE = 16, 0.9
PRAGMA = re.compile(r"  # (noqa|type): .*")  # with its reason; the linter leaves it out, too
COUNTED = {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}


@cache
def sources(*folders: str) -> dict[str, str]:
    """Texts of the Python files below some folders, by path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def queries() -> dict[str, str]:
    """Texts of the SQL files, by path."""
    files = sorted((ROOT / "sql").rglob("*.sql"))
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}


def functions() -> dict[str, int]:
    """Lines of every function of flows and tasks, by its place."""
    return {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, text in sources("flows", "tasks").items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def tokens_by_line(text: str) -> Counter[int]:
    """Names, operators, numbers and texts that begin on each line."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.start[0] for token in tokens if token.type in COUNTED)


def test_no_function_is_long():
    longest = {place: lines for place, lines in functions().items() if lines > LONGEST_FUNCTION}
    assert longest == {}


def test_nearly_all_functions_are_short():
    lengths = functions()
    others = {place: lines for place, lines in lengths.items() if lines > SHORT_FUNCTION}
    assert len(others) <= (1 - SHORT_SHARE) * len(lengths), others


def test_lines_are_light():
    counts = sorted(
        count
        for text in sources("flows", "tasks").values()
        for count in tokens_by_line(text).values()
    )
    assert counts[int(len(counts) * TOKEN_SHARE)] <= TOKENS_OF_A_LINE


def test_no_line_is_wide():
    """E501 of the linter says the same of Python; here SQL files are looked at, too."""
    wide = [
        f"{path}:{number}"
        for path, text in {**sources("flows", "tasks", "docs"), **queries()}.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if len(PRAGMA.sub("", line)) > WIDTH
    ]
    assert wide == []
