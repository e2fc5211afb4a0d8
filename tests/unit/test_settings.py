"""Settings: unknown names are refused with the nearest one, profiles, and secrets in files."""

from pathlib import Path

import pytest

from tasks.connectors import connectors
from tasks.errors import ConfigurationError, MissingSecretError
from tasks.extract import open_client, streams_of
from tasks.settings import AccountSettings, load, redact, secrets_of

FILE = """
[warehouse]
url = "duckdb:///prod.duckdb"
threads = 2

[planning]
shifts = ["Mon-Fri 08:00-16:30 break 30"]

[[accounts]]
connector = "zendesk"
name = "zendesk_main"
subdomain = "acme"
email = "etl@acme.example"

[profiles.dev.warehouse]
url = "duckdb:///dev.duckdb"

[profiles.dev.planning]
shifts = []

[[profiles.dev.accounts]]
name = "zendesk_main"
start = "2026-11-01"

[[profiles.dev.accounts]]
connector = "files"
name = "plans"

[profiles.broken.warehouse]
ulr = "duckdb:///x"
"""


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "support_etl.toml"
    path.write_text(FILE)
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(path))
    monkeypatch.delenv("SUPPORT_ETL_PROFILE", raising=False)
    return path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[warehose]\nurl = 'x'", "warehose: no such setting; did you mean warehouse?"),
        ("[warehouse]\nulr = 'x'", "warehouse.ulr: no such setting; did you mean url?"),
        (
            "[planning]\nocupancy_share = 0.8",
            "planning.ocupancy_share: no such setting; did you mean occupancy_share?",
        ),
        ("[reports]\nxyz = 1", "reports.xyz: no such setting; there are folder"),
        (
            "[[accounts]]\nconnector='files'\nname='a'\nscores=[{question='1', metric='nps'}]",
            "accounts.0.scores.0.question: no such setting; did you mean question_id?",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(
    settings_file: Path, text: str, complaint: str
):
    settings_file.write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        load()
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "advice"),
    [
        ("SUPPORT_ETL_WAREHOSE__URL", "did you mean SUPPORT_ETL_WAREHOUSE__URL?"),
        ("SUPPORT_ETL_CONFG", "did you mean SUPPORT_ETL_CONFIG?"),
        ("SUPPORT_ETL_WAREHOUSE__ULR", "warehouse.ulr: no such setting; did you mean url?"),
    ],
)
def test_a_misspelt_variable_is_refused(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, advice: str
):
    monkeypatch.setenv(variable, "x")
    with pytest.raises(ConfigurationError) as refusal:
        load()
    assert advice in str(refusal.value)


@pytest.mark.parametrize("name", sorted(connectors()))
def test_a_misspelt_setting_of_an_account_is_refused_for_every_vendor(name: str):
    """Nothing read `optional_settings`: a misspelt one changed nothing, without a word."""
    vendor = connectors()[name]
    own = [*vendor.settings, *vendor.optional_settings]
    wrong = {f"{one}z": "x" for one in own[:1]} or {"requests_per_minut": 1}
    account = AccountSettings(connector=name, name="acme", **wrong)
    for use in (open_client, streams_of):
        with pytest.raises(ConfigurationError) as refusal:
            use(account)
        assert str(refusal.value).startswith(f"account acme: no setting '{next(iter(wrong))}'")
        assert "did you mean" in str(refusal.value)
    with pytest.raises(ConfigurationError, match="did you mean zendesk"):
        streams_of(AccountSettings(connector="zendesc", name="acme"))


def test_a_profile_changes_what_it_names_and_nothing_else(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
):
    plain = load()
    assert (plain.warehouse.url, len(plain.accounts)) == ("duckdb:///prod.duckdb", 1)
    monkeypatch.setenv("SUPPORT_ETL_PROFILE", "dev")
    dev = load()
    assert (dev.warehouse.url, dev.warehouse.threads) == ("duckdb:///dev.duckdb", 2)
    assert dev.planning.shifts == ()
    assert [account.name for account in dev.accounts] == ["zendesk_main", "plans"]
    assert dev.accounts[0].own["subdomain"] == "acme"
    assert (plain.accounts[0].start.year, dev.accounts[0].start.year) == (2024, 2026)
    monkeypatch.setenv("SUPPORT_ETL_WAREHOUSE__URL", "duckdb:///variable.duckdb")
    assert load().warehouse.url == "duckdb:///variable.duckdb", "a variable wins over a profile"


@pytest.mark.parametrize(
    ("profile", "complaint"),
    [
        ("dve", "no profile 'dve'; did you mean dev?"),
        ("broken", "warehouse.ulr: no such setting; did you mean url?"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, profile: str, complaint: str
):
    monkeypatch.setenv("SUPPORT_ETL_PROFILE", profile)
    with pytest.raises(ConfigurationError) as refusal:
        load()
    assert complaint in str(refusal.value)
    settings_file.unlink()
    with pytest.raises(ConfigurationError, match=r"there is no .*support_etl.toml"):
        load()


def test_a_secret_may_be_in_a_file_as_containers_mount_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mounted = tmp_path / "token"
    mounted.write_text("mounted-file-token\n")
    variable = "SUPPORT_ETL_SECRET_ACME_API_TOKEN"
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(f"{variable}_FILE", str(mounted))
    load(accounts=())
    assert redact("sent mounted-file-token") == "sent ***", "known before it is used"
    assert redact(str(mounted)) == str(mounted), "the path is no secret"
    assert secrets_of("acme", ("api_token",)) == {"api_token": "mounted-file-token"}
    monkeypatch.setenv(variable, "from-the-variable")
    assert secrets_of("acme", ("api_token",)) == {"api_token": "from-the-variable"}
    monkeypatch.delenv(variable)
    mounted.write_text("\n")
    with pytest.raises(MissingSecretError, match=r"API_TOKEN .or with _FILE"):
        secrets_of("acme", ("api_token",))
    mounted.unlink()
    with pytest.raises(ConfigurationError, match=f"{variable}_FILE: .*: No such file"):
        secrets_of("acme", ("api_token",))
