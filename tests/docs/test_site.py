"""The documentation site: complete, no build warnings, links that resolve, no outside files."""

import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml

from docs.generate import adapt_links, pages, write
from docs.reference.commands import all_commands
from docs.reference.errors import walk as all_errors
from tasks.connectors import connectors
from tasks.entities import ENTITIES
from tasks.errors import SupportEtlError
from tasks.quality_scale import quality_sheet
from tasks.settings import AccountSettings, Settings
from tasks.sqlmodels.catalog import models
from tasks.sqlmodels.kpis import kpis
from tasks.sqlmodels.reads import reads
from tasks.warehouse.tables import OPS, source_columns

ROOT = Path(__file__).resolve().parents[2]


@cache
def site() -> dict[str, str]:
    return pages()


def described(page: str) -> set[str]:
    """The subjects of a page: names in code font at the start of a table's row or in a heading."""
    return set(re.findall(r"^(?:\| |#+ )`\[*([^`\]]+)\]*`", site()[page], re.MULTILINE))


def test_every_setting_is_on_the_site():
    sections = {
        f"{name}.{key}"
        for name, field in Settings.model_fields.items()
        for key in getattr(field.annotation, "model_fields", {})
    }
    accounts = {f"accounts.{key}" for key in AccountSettings.model_fields}
    assert sections | accounts <= described("settings.md")


def test_every_command_is_on_the_site():
    assert {name for name, _ in all_commands()} <= described("commands.md")


def test_every_table_and_column_is_on_the_site():
    columns = {
        **{f"source.{e.name}": {c.name for c in source_columns(e)} for e in ENTITIES.values()},
        **{m.full_name: {c.name for c in m.columns} for m in models().values()},
        **{f"ops.{t.name}": {c.name for c in t.columns} for t in OPS},
    }
    for name, own in columns.items():
        on_page = described(f"tables/{name.partition('.')[0]}.md")
        assert {name, *own} <= on_page, name


def test_every_read_is_on_the_site():
    for name, read in reads().items():
        assert {name, *(c.name for c in read.columns)} <= described("tables/reads.md"), name


def test_every_kpi_is_on_the_site_with_its_definition():
    page = site()["kpis.md"]
    for kpi in kpis().values():
        entry = page[page.index(f"{{ #{kpi.name} }}") :]
        for fact in (kpi.description, kpi.numerator, kpi.denominator, kpi.unit, kpi.source):
            assert fact in entry, (kpi.name, fact)


def test_every_connector_has_a_page_with_its_streams_settings_and_secrets():
    for name, connector in connectors().items():
        names = {
            *(s.name for s in connector.streams),
            *connector.settings,
            *connector.optional_settings,
        }
        assert names <= described(f"connectors/{name}.md"), name
        for missing in connector.unsupported:
            assert f"- {missing}" in site()[f"connectors/{name}.md"], (name, missing)
        for own in connector.own_fields:
            assert own.record_type in described(f"connectors/{name}.md"), name
            for field in own.elsewhere:
                assert f"`{field}`" in site()[f"connectors/{name}.md"], (name, field)
        for secret in connector.secrets:
            assert f"_{secret.upper()}`" in site()[f"connectors/{name}.md"], (name, secret)


def test_every_connector_has_the_steps_to_its_credentials_and_the_time_of_a_first_load():
    for name in connectors():
        access, page = quality_sheet(name).access, site()[f"connectors/{name}.md"]
        if access is not None:
            for number, step in enumerate(access.steps, start=1):
                assert f"{number}. {step}" in page, (name, step)
            assert access.source in page, name
            assert access.first_load in page, name


def test_every_way_to_sign_in_is_on_the_site():
    page = site()["credentials.md"]
    for name, connector in connectors().items():
        assert name == "files" or f"| {connector.title} |" in page, name
        for way in (way for way in connector.auth.ways if way.secrets):
            line = next(
                line
                for line in page.splitlines()
                if f"connectors/{name}.md" in line and f"| {way.title} |" in line
            )
            for secret in (*way.secrets, *way.optional, *way.settings):
                assert f"`{secret}" in line, (name, way.title, secret)
        if connector.region:
            assert set(connector.region.places) <= described(f"connectors/{name}.md"), name


def test_every_error_is_on_the_site():
    assert {error.__name__ for error in all_errors(SupportEtlError)} <= described("errors.md")


def test_every_personal_column_is_on_the_page_about_personal_data():
    personal = {
        f"source.{e.name}.{c.name}" for e in ENTITIES.values() for c in e.columns if c.personal
    }
    page = site()["personal-data.md"]
    assert set(re.findall(r"`(source\.\w+\.\w+)`", page)) == personal


def test_every_page_is_in_the_menu_or_is_a_connector():
    menu = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text())) - {"README.md"}
    by_menu = {page for page in site() if page.rpartition("/")[2] == "index.md"} | menu
    assert menu <= set(site()), "in the menu of mkdocs.yml, but missing"
    assert {p for p in site() if p not in by_menu} == {f"connectors/{n}.md" for n in connectors()}


def test_links_of_included_files_lead_to_pages_or_name_the_file():
    text = "[a](docs/kpis.md#csat) [b](LICENSE) [c](https://example.org/x.md) [d](#here)"
    adapted = adapt_links(
        text, source="README.md", page="guide/start.md", homes={"docs/kpis.md": "kpis.md"}
    )
    assert adapted == (
        "[a](../kpis.md#csat) b (`LICENSE`) [c](https://example.org/x.md) [d](#here)"
    )


def test_every_renamed_column_is_in_the_changelog():
    renamed = yaml.safe_load((ROOT / "tests" / "models" / "renamed_columns.yml").read_text())
    page = site()["changelog.md"]
    for table, columns in renamed.items():
        for old, new in columns.items():
            assert f"| `{table}.{old}` | `{new}` |" in page, "add it to CHANGELOG.md"


NAMED = re.compile(
    r"`((?:flows|tasks|sql|expectations|tests|deployments|docs|\.ci|\.github)/[\w./-]*)`"
)
WRITTEN = sorted(
    path
    for path in ROOT.glob("**/*.md")
    if not {"site", ".docs", ".venv"} & set(path.relative_to(ROOT).parts)
)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_that_a_page_names_exist(path: Path):
    assert [name for name in NAMED.findall(path.read_text()) if not (ROOT / name).exists()] == []


class Page(HTMLParser):
    """The ids and links of a page, and the files that it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id") or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in {"script", "link", "img"}:
            self.loaded += [given[name] for name in ("src", "href") if given.get(name)]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    write(folder / ".docs")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "zensical"), "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_the_site_is_built_and_its_links_resolve(built: Path):
    parsed = {
        path.relative_to(built).as_posix(): Page(path.read_text()) for path in built.rglob("*.html")
    }
    assert {p.removesuffix(".md") + ".html" for p in site()} <= set(parsed)
    broken = []
    for name, page in parsed.items():
        for link in page.links:
            address, anchor = urldefrag(unquote(link))
            if re.match(r"\w+:", address) or address.startswith("/"):
                continue
            target = (built / name).parent / address if address else built / name
            target = target / "index.html" if target.is_dir() else target
            known = parsed.get(target.resolve().relative_to(built.resolve()).as_posix())
            if known is None or (anchor and anchor not in known.ids):
                broken.append((name, link))
    assert broken == []


def test_a_page_asks_no_other_host_for_anything(built: Path):
    loaded = {
        (path.name, address)
        for path in built.rglob("*.html")
        for address in Page(path.read_text()).loaded
        if re.match(r"(\w+:)?//", address)
    }
    assert loaded == set()
    styles = "".join(path.read_text() for path in built.rglob("*.css"))
    assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", styles)
