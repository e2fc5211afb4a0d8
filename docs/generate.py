"""Write the source of the documentation site: `python -m docs.generate FOLDER`.

The pages of this folder are copied. Two kinds of lines in them are replaced:

    <!-- reference: kpis -->             by what `docs.reference` makes from the code
    <!-- file: sql/DECISIONS.md -->      by a file of the repository, its links adapted

Each connector gets a page of its own.
"""

import os
import re
import sys
from pathlib import Path, PurePosixPath

from docs.reference import REFERENCE
from docs.reference.connectors import connector_pages

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
_INCLUDED = re.compile(r"^<!-- (reference|file): (\S+) -->$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def pages() -> dict[str, str]:
    """Return the Markdown of every page by its path below the site's root.

    Raises KeyError for a reference and FileNotFoundError for a file that does not exist.
    """
    by_hand = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DOCS.rglob("*.md"))
    }
    homes = _homes(by_hand)
    filled = {name: _filled(name, text, homes) for name, text in by_hand.items()}
    return {**filled, **connector_pages()}


def write(folder: Path) -> None:
    """Write every page below `folder`, and remove pages of an earlier build."""
    current = {**pages(), **{p.name: p.read_text(encoding="utf-8") for p in DOCS.glob("*.css")}}
    for stale in folder.rglob("*.md"):
        if stale.relative_to(folder).as_posix() not in current:
            stale.unlink()
    for name, text in current.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.rstrip() + "\n", encoding="utf-8")


def _homes(by_hand: dict[str, str]) -> dict[str, str]:
    """Pages of the repository's files: by path in the repository, the page that shows the file."""
    included = {
        match[2]: name
        for name, text in by_hand.items()
        for match in _INCLUDED.finditer(text)
        if match[1] == "file"
    }
    return {**{f"docs/{name}": name for name in by_hand}, **included}


def _filled(page: str, text: str, homes: dict[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        kind, name = match[1], match[2]
        if kind == "reference":
            return REFERENCE[name]()
        content = (ROOT / name).read_text(encoding="utf-8")
        return adapt_links(content, source=name, page=page, homes=homes)

    return _INCLUDED.sub(replacement, text)


def adapt_links(text: str, *, source: str, page: str, homes: dict[str, str]) -> str:
    """Point the relative links of a repository file to pages of the site.

    A link to a file that has no page becomes the file's name.
    """

    def adapted(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        path = os.path.normpath(PurePosixPath(source).parent / target)
        if path not in homes:
            return f"{label} (`{path}`)" if label.strip("`") != path else f"`{path}`"
        relative = os.path.relpath(homes[path], PurePosixPath(page).parent)
        return f"[{label}]({relative}{anchor})"

    return _LINK.sub(adapted, text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
