"""Everything is described where its reader looks, and nothing is missing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot

from tasks.connectors import connectors
from tasks.entities import ENTITIES
from tasks.quality.rules import columns_of, rules_of
from tasks.settings import AccountSettings, Settings
from tasks.sqlmodels.catalog import identities, models
from tasks.sqlmodels.kpis import kpis

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda e: e.name)
def test_every_entity_has_rules_for_its_required_columns(entity):
    held = {
        r.kwargs["column"]
        for r in rules_of(entity.name)
        if r.type == "expect_column_values_to_not_be_null" and r.level == "row"
    }
    assert entity.required <= held
    assert set(columns_of(entity.name)) <= set(entity.names)
    assert all(r.description for r in rules_of(entity.name))


@pytest.mark.parametrize("model", models().values(), ids=lambda m: m.full_name)
def test_every_model_is_described_and_its_rules_are_of_its_columns(model):
    columns = {c.name for c in model.columns}
    assert model.description
    assert model.owner
    assert all(c.description for c in model.columns)
    assert set(model.grain) <= columns
    if model.schema == "marts":
        assert set(columns_of(model.name)) <= columns


def test_a_kpi_names_its_tickets_or_says_why_it_has_none():
    for kpi in kpis().values():
        given = sqlglot.parse_one(kpi.select, read="duckdb").named_selects
        assert ("ticket_id" in given) == kpi.has_tickets == (kpi.no_slices == ""), kpi.name


def test_a_count_is_never_divided():
    """Numerator over denominator summed over days gave 1.0 for every count."""
    for kpi in kpis().values():
        is_counted = kpi.shape in {"count", "level"}
        assert (kpi.denominator == "none") == is_counted, kpi.name
        assert ("cast(null as bigint) as denominator" in kpi.select) == is_counted, kpi.name


def test_every_entity_is_described():
    for entity in ENTITIES.values():
        assert entity.description
        assert all(c.description for c in entity.columns)


def test_every_identity_has_a_description_and_reads_known_tables():
    for identity in identities().values():
        assert identity.select.startswith("-- "), identity.name
        assert {name for name in identity.inputs if not name.startswith("ops.")} <= set(models()), (
            identity.name
        )


def test_every_setting_has_a_description():
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        for key, one in (inner or {name: field}).items():
            assert one.description, f"{name}.{key}"
    assert all(f.description for f in AccountSettings.model_fields.values())


def test_connectors_are_packages_of_declarations():
    for name, declared in connectors().items():
        assert declared.name == name
        for path in (ROOT / "tasks" / "connectors" / name).glob("*.py"):
            code = path.read_text()
            assert not re.search(r"^import requests|requests\.", code, re.MULTILINE), path


def test_every_helpdesk_lists_what_its_api_lacks():
    for vendor in connectors().values():
        entities = {o.entity.name for s in vendor.streams for o in s.outputs}
        assert vendor.unsupported or "ticket" not in entities, vendor.name


def test_the_root_holds_only_the_agreed_entries():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    top = {name.split("/")[0] for name in listed}
    assert top <= {
        ".editorconfig",
        ".github",
        ".pre-commit-config.yaml",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs",
        "mkdocs.yml",
        "pyproject.toml",
        "flows",
        "tasks",
        "sql",
        "expectations",
        "tests",
        "deployments",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "constraints.txt",
        ".gitignore",
        ".dockerignore",
        ".ci",
    }


def test_every_folder_explains_itself():
    for folder in (
        "flows",
        "tasks",
        "sql",
        "expectations",
        "tests",
        "deployments",
        "tasks/connectors",
    ):
        assert (ROOT / folder / "README.md").read_text().strip()


def test_help_is_fast_because_it_imports_nothing_heavy():
    code = (
        "import sys, flows.cli; print([m for m in ('prefect', 'great_expectations',"
        " 'statsforecast', 'matplotlib', 'pandas',"
        " 'pyarrow', 'sqlalchemy', 'duckdb', 'psycopg') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_command_and_parameter_has_help():
    from docs.reference.commands import all_commands, parameters

    for name, command in all_commands():
        assert command.help, name
        for parameter in parameters(command):
            assert parameter.help, (name, parameter.name)


def test_the_lock_file_holds_hashes_and_no_addresses():
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 100
    assert [
        e
        for e in entries
        if not re.fullmatch(
            r"[\w.-]+(\[[\w,-]+\])?==\S+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", e
        )
    ] == []


def test_flows_hold_no_sql():
    for path in (ROOT / "flows").rglob("*.py"):
        statements = re.findall(r"""["'](?:select|insert|update|delete) [^"']*""", path.read_text())
        assert statements == [], path


def test_commands_print_through_the_console_which_keeps_escape_sequences_out():
    for path in (ROOT / "flows" / "cli").glob("*.py"):
        if path.name != "console.py":
            text = path.read_text()
            assert not re.findall(r"typer\.echo|\bprint\(|from rich|import rich", text), path.name
