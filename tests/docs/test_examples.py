"""The example files of the guide load without a rejected row."""

from dataclasses import replace
from pathlib import Path

from conftest import Bench
from tests_support import TODAY, midnight

from flows.cli.init import PLAN_FILES
from tasks.connectors import connectors

EXAMPLES = Path(__file__).resolve().parents[2] / "deployments" / "examples"


def test_every_example_loads(bench: Bench):
    assert set(PLAN_FILES) <= set(connectors()["files"].optional_settings)
    account = {
        "connector": "files",
        "name": "plans",
        **{setting: str(EXAMPLES / name) for setting, name in PLAN_FILES.items()},
    }
    outcome = replace(bench, accounts=(account,)).read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    lines = {
        name: len((EXAMPLES / name).read_text().splitlines()) - 1 for name in PLAN_FILES.values()
    }
    assert {r.stream: (r.records, r.quarantined, list(r.warnings)) for r in outcome.streams} == {
        setting: (lines[name], 0, []) for setting, name in PLAN_FILES.items()
    }
