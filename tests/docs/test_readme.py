"""The settings of the README and the pages load, commands run, the report needs nothing else."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.settings import load

ROOT = Path(__file__).resolve().parents[2]


PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
WITH_SETTINGS = [page for page in PAGES if "```toml" in page.read_text()]


@pytest.mark.parametrize("page", WITH_SETTINGS, ids=lambda p: p.stem)
def test_the_settings_of_a_page_load(page: Path, tmp_path: Path, monkeypatch):
    text = "\n".join(re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL))
    (tmp_path / "support_etl.toml").write_text(text)
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(tmp_path / "support_etl.toml"))
    assert {a.connector for a in load().accounts} == set(
        re.findall(r'^connector = "(\w+)"', text, re.MULTILINE)
    )


def command(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
        timeout=300,
    )


def test_listing_commands_print_what_they_promise(tmp_path: Path):
    for words, expected in (
        (["connectors"], "Zendesk Support"),
        (["models"], "core.fct_ticket"),
        (["kpis"], "first_reply_time"),
    ):
        done = command(*words, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
        as_json = command(*words, "--json", folder=tmp_path)
        assert as_json.stdout.lstrip().startswith("[")


def test_doctor_finds_what_is_missing(tmp_path: Path):
    (tmp_path / "support_etl.toml").write_text(
        "[[accounts]]\nconnector = 'zendesk'\nname = 'main'\nsubdomain = 'acme'\n"
    )
    done = command("doctor", folder=tmp_path)
    assert done.returncode == 2
    assert "SUPPORT_ETL_SECRET_MAIN_API_TOKEN" in done.stdout
    assert "Traceback" not in done.stderr


class Page(HTMLParser):
    """Collect all that would load from outside or run."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag, attributes):
        result = dict(attributes)
        self.ids.add(result.get("id", ""))
        if tag == "script" or any(name.startswith("on") for name in result):
            self.outside.append(tag)
        for name in ("src", "href", "xlink:href"):
            value = result.get(name) or ""
            if value and not value.startswith(("#", "data:")):
                self.outside.append(f"{tag} {value}")


def test_the_report_is_self_contained_and_the_spreadsheet_has_the_same_tables(
    bench: Bench, sandbox
):
    from tasks.sandbox.fake import InjectedFault

    evil = b'=HYPERLINK(\\"http://x\\")<script>alert(1)</script>'
    sandbox.fakes["zendesk"].faults = [
        InjectedFault("edit", "/groups", edit=lambda b: b.replace(b"Tier 1 EMEA", evil))
    ]
    outcome = bench.run(midnight(TODAY), report=True)
    text = outcome.published.page.read_text()
    page = Page()
    page.feed(text)
    assert page.outside == []
    assert {
        "kpis_by_account",
        "staffing",
        "budget",
        "budget_year",
        "variances",
        "headcount",
        "forecast",
        "definitions",
    } <= page.ids
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<svg") == 8
    book = openpyxl.load_workbook(outcome.published.sheet)
    assert {"kpis", "kpis_by_account", "staffing", "budget", "forecast"} <= set(book.sheetnames)
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert all(c.data_type != "f" for c in cells), "a text turned into a formula"
    assert any(str(c.value).startswith("=HYPERLINK") for c in cells)
    docs = Path(outcome.published.data_docs)
    assert docs.is_file()
    assert "alert(1)" not in "".join(p.read_text() for p in docs.parent.glob("*.html"))
