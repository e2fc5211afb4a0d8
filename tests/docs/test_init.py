"""`support-etl init`: a folder that works, nothing overwritten, no secret asked for."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows.cli.init import PLAN_FILES, _check, init
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
    assert all((folder / plans.own[name]).is_file() for name in PLAN_FILES)
    described = yaml.safe_load((folder / "prefect.yaml").read_text())
    assert described["pull"][0].popitem()[1] == {"directory": str(folder)}
    zones = {s["timezone"] for d in described["deployments"] for s in d.get("schedules", ())}
    assert zones == {"Europe/Paris"}


def test_nothing_is_overwritten_and_mistakes_write_nothing(tmp_path: Path):
    (tmp_path / "prefect.yaml").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"prefect\.yaml is there already"):
        init(tmp_path)
    with pytest.raises(ConfigurationError, match=r"connector .nowhere. is not known"):
        init(tmp_path / "other", connector=["nowhere"])
    with pytest.raises(ConfigurationError, match="not an IANA time zone"):
        init(tmp_path / "other", time_zone="Berlin")
    assert [path.name for path in tmp_path.iterdir()] == ["prefect.yaml"]


def test_on_a_terminal_it_asks(tmp_path: Path, monkeypatch):
    master, terminal = pty.openpty()
    os.write(master, b"Asia/Tokyo\nJPY\nzendesk files\nacme_desk\nacme\n\n")
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
    assert [account.name for account in settings.accounts] == ["acme_desk", "plans"]
    assert settings.accounts[0].own["subdomain"] == "acme"
    assert "SUPPORT_ETL_SECRET_ACME_DESK_" in done.stdout, "it says which secrets are missing"


def test_it_signs_in_and_writes_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_sandbox, capsys
):
    """One cheap call with the secrets of the environment; they are in no file."""
    address = small_sandbox.fakes["zendesk"].base_url
    monkeypatch.setenv("HTTPS_PROXY", address)  # nothing may leave this machine
    monkeypatch.setenv("SUPPORT_ETL_SECRET_DESK_API_TOKEN", "zendesk-demo-token")
    folder = tmp_path / "new"
    init(
        folder,
        connector=["zendesk=desk"],
        given=["desk.subdomain=alderfinch", "desk.email=etl@alderfinch.example"],
        has_check=False,
    )
    text = (folder / "support_etl.toml").read_text()
    assert 'email = "etl@alderfinch.example"' in text
    example = (folder / ".env.example").read_text()
    assert re.search("^(# )?SUPPORT_ETL_SECRET_DESK_API_TOKEN=$", example, re.MULTILINE)
    assert "/.env\n" in (folder / ".gitignore").read_text()
    written = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert b"zendesk-demo-token" not in written
    with_address = text.replace('"desk"', f'"desk"\nbase_url = "{address}"')
    (tmp_path / "checked.toml").write_text(with_address)
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(tmp_path / "checked.toml"))
    _check(load())
    assert "credentials accepted" in capsys.readouterr().out
    monkeypatch.setenv("SUPPORT_ETL_SECRET_DESK_API_TOKEN", "another-token")
    _check(load())
    shown = capsys.readouterr().out
    assert "TO DO" in shown
    assert "another-token" not in shown


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            "desk.api_token=x",
            "a secret stands in no file; set the variable SUPPORT_ETL_SECRET",
        ),
        ("desk.subdomian=acme", "no such setting; did you mean subdomain?"),
        ("disk.subdomain=acme", "no such account; there are desk"),
        ("subdomain=acme", "write it as"),
    ],
)
def test_a_setting_that_cannot_be_written_is_refused(tmp_path: Path, given: str, complaint: str):
    with pytest.raises(ConfigurationError) as refusal:
        init(tmp_path / "new", connector=["zendesk=desk"], given=[given])
    assert complaint in str(refusal.value)
    assert not (tmp_path / "new").exists()
