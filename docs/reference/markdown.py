"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a cell that is None is empty."""
    lines = [_line(heads), _line("---" for _ in heads), *(_line(row) for row in rows)]
    return "\n".join(lines)


def code(value: object) -> str:
    """Return a value in code font; nothing for an empty one."""
    text = str(value)
    return f"`{text}`" if text else ""


def codes(values: Iterable[object]) -> str:
    """Return values in code font, with commas between."""
    return ", ".join(code(value) for value in values)


def heading(level: int, text: str, anchor: str) -> str:
    """Return a heading whose anchor does not depend on its text."""
    return f"{'#' * level} {text} {{ #{anchor} }}"


def joined(blocks: Iterable[str]) -> str:
    """Return blocks with an empty line between."""
    return "\n\n".join(block for block in blocks if block)


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    outside_and_inside_code = text.replace("|", "\\|").split("`")
    outside_and_inside_code[::2] = [t.replace("<", "&lt;") for t in outside_and_inside_code[::2]]
    return "`".join(outside_and_inside_code)
