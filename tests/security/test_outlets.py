"""Reports, spreadsheets and Data Docs show any value as text: no code runs, nothing is fetched."""

from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from tasks.clock import Window, now
from tasks.entities import ARROW, ENTITIES
from tasks.landing.store import Landing, Source
from tasks.publish import write
from tasks.quality.data_docs import write_docs
from tasks.quality.suites import check
from tasks.reporting.content import Headline, Plot, Report, Series, Table

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>x</script>",
    "<a href=javascript:alert(1)>x</a>",
    "<iframe src=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "<style>@import url(//evil.example/x.css)</style>",
    "' onmouseover='alert(1)",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;",
    "{{7*7}}",
    "{% for x in y %}",
    "${7*7}",
    "$\\frac{$",
    "$$",
    "%s %n %d",
    "_hidden",
    "[click](http://evil.example)",
    '=HYPERLINK("http://evil.example","x")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "=cmd|'/c calc'!A0",
    "\t=1+1",
    "\uff1d1+1",
    "'=1",
    "http://evil.example",
    "mailto:x@evil.example",
    "internal:Sheet2!A1",
    "1e5",
    "0123",
    "\u202egnp.exe",
    "\x1b[2Jgone",
)
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "h1",
    "h2",
    "p",
    "span",
    "ul",
    "li",
    "div",
    "small",
    "b",
    "section",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "footer",
}


class Seen(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attributes]

    def handle_data(self, data):
        self.text += data


def hostile_report() -> Report:
    days = [date(2026, 10, 1), date(2026, 10, 2)]
    rows = [(text, text, 1.5, date(2026, 10, 1), None) for text in HOSTILE]
    return Report(
        title=HOSTILE[4],
        as_of="now",
        state="completed",
        run_id="r1",
        time_zone="UTC",
        headlines=[Headline(t, t, t) for t in HOSTILE],
        notes=HOSTILE,
        plots=[
            Plot(
                text,
                text,
                text,
                [Series(text, days, [1.0, 2.0]), Series(text + "!", days, [2.0, 1.0])],
            )
            for text in HOSTILE
        ],
        tables=[Table("t", HOSTILE[0], HOSTILE[1], (*HOSTILE[:3], "number", "day"), rows)],
        facts=dict(zip(HOSTILE, HOSTILE, strict=True)),
    )


def test_a_page_shows_every_value_as_text(tmp_path: Path):
    page, _ = write(hostile_report(), str(tmp_path))
    text = page.read_text()
    seen = Seen(text)
    outside_pictures = Seen("".join(part.split("</svg>")[-1] for part in text.split("<svg")))
    assert outside_pictures.tags - {"svg"} <= TAGS
    assert not seen.tags & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "link",
        "img",
        "foreignobject",
        "animate",
    }
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not [
        value
        for name, value in seen.attributes
        if name in {"href", "xlink:href", "src"} and not value.startswith("#")
    ]
    assert not [
        value
        for name, value in seen.attributes
        if name == "style" and "url(" in value.replace("url(#", "")
    ]
    missing = [text for text in HOSTILE if text not in seen.text]
    assert missing == []
    assert "default-src 'none'" in text


def test_a_spreadsheet_has_text_where_text_was_given(tmp_path: Path):
    _, sheet = write(hostile_report(), str(tmp_path))
    cells = [row[:2] for row in openpyxl.load_workbook(sheet)["t"].iter_rows(min_row=2)]
    assert [c.data_type for row in cells for c in row] == ["s"] * 2 * len(HOSTILE)
    assert not [c for row in cells for c in row if c.hyperlink]
    assert [row[0].value for row in cells] == [
        text.replace("\x1b", "_x001B_") for text in HOSTILE
    ], "unchanged, and no formula"


def test_landed_pages_are_for_their_owner_only(tmp_path: Path):
    Landing(str(tmp_path / "landing")).open_batch(
        Source("zendesk", "a", "tickets"), Window(now(), now()), {}
    )
    assert (tmp_path / "landing").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("subject", ["ticket", "agent", "ticket_event"])
def test_data_docs_fetch_nothing_and_run_nothing(subject: str, tmp_path: Path):
    columns = ENTITIES[subject].columns
    rows = pa.table(
        {
            c.name: pa.array([t if c.kind == "text" else None for t in HOSTILE], ARROW[c.kind])
            for c in columns
        }
    )
    write_docs(str(tmp_path), [(text, check(subject, rows)) for text in HOSTILE[:3]])
    for page in tmp_path.glob("*.html"):
        text = page.read_text()
        seen = Seen(text)
        assert not seen.tags & {"script", "link", "img", "iframe"}
        assert "default-src 'none'" in text
        assert not [t for t in HOSTILE if t in text and "<" in t], "no cell's value is in a page"
    assert all(text in Seen((tmp_path / "index.html").read_text()).text for text in HOSTILE[:3])
