"""`support-etl init`: a folder that works, nothing overwritten, no secret asked for."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows.cli.init import init
from tasks.connectors import connectors
from tasks.errors import ConfigurationError
from tasks.settings import load

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from flows.cli import main; main()"]


def settings_of(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(folder / "support_etl.toml"))
    return load()


def test_every_line_of_the_settings_shows_the_default(tmp_path: Path, monkeypatch):
    init(tmp_path)
    assert settings_of(tmp_path, monkeypatch) == load(accounts=())
    file = tmp_path / "support_etl.toml"
    text = file.read_text()
    sections = text[: text.index("# Accounts to read")]
    values = re.sub(r"^# (\w+ = (?!\(not set\)))", r"\1", sections, flags=re.MULTILINE)
    assert values.count(" = ") > sections.count("\n[") > 3
    file.write_text(values)
    assert settings_of(tmp_path, monkeypatch) == load(accounts=())


def test_options_choose_time_zone_currency_and_vendors(tmp_path: Path, monkeypatch):
    folder = tmp_path / "new" / "folder"
    init(folder, time_zone="Europe/Paris", currency="CHF", connector=list(connectors()))
    settings = settings_of(folder, monkeypatch)
    assert (settings.business.time_zone, settings.business.currency) == ("Europe/Paris", "CHF")
    assert [account.connector for account in settings.accounts] == list(connectors())
    text = (folder / "support_etl.toml").read_text()
    assert "SUPPORT_ETL_SECRET_ZENDESK_MAIN_API_TOKEN" in text
    plans = next(account for account in settings.accounts if account.connector == "files")
    assert all(
        (folder / plans.own[name]).is_file() for name in connectors()["files"].optional_settings
    )
    described = yaml.safe_load((folder / "prefect.yaml").read_text())
    assert described["pull"][0].popitem()[1] == {"directory": str(folder)}
    zones = {s["timezone"] for d in described["deployments"] for s in d.get("schedules", ())}
    assert zones == {"Europe/Paris"}


def test_nothing_is_overwritten_and_mistakes_write_nothing(tmp_path: Path):
    (tmp_path / "prefect.yaml").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"prefect\.yaml is there already"):
        init(tmp_path)
    with pytest.raises(ConfigurationError, match="no connector nowhere"):
        init(tmp_path / "other", connector=["nowhere"])
    with pytest.raises(ConfigurationError, match="not an IANA time zone"):
        init(tmp_path / "other", time_zone="Berlin")
    assert [path.name for path in tmp_path.iterdir()] == ["prefect.yaml"]


def test_on_a_terminal_it_asks(tmp_path: Path, monkeypatch):
    master, terminal = pty.openpty()
    os.write(master, b"Asia/Tokyo\nJPY\nzendesk files\nacme\n")
    done = subprocess.run(
        [*COMMAND, "init", str(tmp_path)],
        cwd=tmp_path,
        stdin=terminal,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    os.close(master)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert "support-etl doctor" in done.stdout
    settings = settings_of(tmp_path, monkeypatch)
    assert (settings.business.time_zone, settings.business.currency) == ("Asia/Tokyo", "JPY")
    assert settings.accounts[0].own["subdomain"] == "acme"
