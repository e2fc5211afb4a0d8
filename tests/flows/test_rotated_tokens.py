"""Refresh tokens that work once: they outlive the run, and two processes do not spend the same."""

import json
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.extract import open_client
from tasks.sandbox.fake import InjectedFault
from tasks.settings import AccountSettings, tokens_folder

ROTATING = {  # the vendor's token endpoint, client, secret that the sandbox gives otherwise
    "typeform": ("/oauth/token", "access_token", {}),
    "zendesk": ("/oauth/tokens", "api_token", {}),
    "front": ("/oauth/token", "api_token", {}),
    "jira": ("/oauth/token", "api_token", {"cloud_id": "11223344-a1b2-4c3e"}),
    "salesforce": ("/services/oauth2/token", "client_secret", {}),
}
each = pytest.mark.parametrize("vendor", ROTATING)
Only = Callable[[str], Bench]


@pytest.fixture
def signed(bench: Bench, sandbox, monkeypatch) -> Only:
    """The bench with one vendor's account, which signs in by refresh token."""

    def only(vendor: str) -> Bench:
        _, other, settings = ROTATING[vendor]
        prefix = f"SUPPORT_ETL_SECRET_{vendor}_ACME_".upper()
        monkeypatch.delenv(prefix + other.upper())
        desk = sandbox.fakes[vendor].token_desk
        given = {
            "client_id": desk.client[0],
            "client_secret": desk.client[1],
            "refresh_token": desk.refresh_token,
        }
        for name, value in given.items():
            monkeypatch.setenv(prefix + name.upper(), value)
        accounts = (a for a in bench.accounts if a["connector"] == vendor)
        return replace(bench, accounts=tuple({**a, **settings} for a in accounts))

    return only


@pytest.fixture
def bench(every_account: Bench) -> Bench:
    return every_account


def refreshes(fake, vendor: str) -> int:
    return sum(asked.path == ROTATING[vendor][0] for asked in fake.asked)


def account_of(bench: Bench) -> AccountSettings:
    return bench.settings().accounts[0]


@each
def test_the_next_run_signs_in_with_the_token_that_this_run_got(signed, sandbox, vendor):
    bench, fake = signed(vendor), sandbox.fakes[vendor]
    given = fake.token_desk.refresh_token
    for run in (1, 2, 3):
        outcome = bench.read(midnight(TODAY))
        assert outcome.state == "completed", outcome.message
        assert refreshes(fake, vendor) == run
        fake.token_desk.tokens.clear()  # the access token has ended meanwhile
    assert fake.token_desk.refresh_token != given


@each
def test_an_access_token_that_lives_serves_the_next_run_too(signed, sandbox, vendor):
    bench, fake = signed(vendor), sandbox.fakes[vendor]
    client = open_client(account_of(bench))
    client.check()
    client.close()
    again = open_client(account_of(bench))
    again.check()
    again.close()
    assert refreshes(fake, vendor) == 1


def test_kept_tokens_are_for_their_owner_only_and_nowhere_else(signed, sandbox):
    bench = signed("typeform")
    assert bench.read(midnight(TODAY)).state == "completed"
    kept = tokens_folder() / "typeform_acme.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    found = json.loads(kept.read_text())
    secrets = (found["refresh_token"], found["access_token"])
    assert secrets[0] == sandbox.fakes["typeform"].token_desk.refresh_token
    files = [p for p in bench.folder.rglob("*") if p.is_file() and p.parent != kept.parent]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path


def test_a_user_who_signed_in_again_wins_over_what_is_kept(signed, sandbox, monkeypatch):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    assert bench.read(midnight(TODAY)).state == "completed"
    fake.token_desk.tokens.clear()
    fake.token_desk.refresh_token = "of-the-new-sign-in"
    monkeypatch.setenv("SUPPORT_ETL_SECRET_TYPEFORM_ACME_REFRESH_TOKEN", "of-the-new-sign-in")
    assert bench.read(midnight(TODAY)).state == "completed"
    fake.token_desk.tokens.clear()
    assert bench.read(midnight(TODAY)).state == "completed", "the one rotated since then is kept"


def test_kept_tokens_go_to_no_other_host_and_no_other_client(signed, sandbox, monkeypatch):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    given = fake.token_desk.refresh_token
    open_client(account_of(bench)).check()
    kept = json.loads((tokens_folder() / "typeform_acme.json").read_text())["refresh_token"]
    monkeypatch.setenv("SUPPORT_ETL_SECRET_TYPEFORM_ACME_CLIENT_ID", "another")
    failures = bench.read(midnight(TODAY)).failures
    assert failures
    sent = [asked.form() for asked in fake.asked if asked.path == "/oauth/token"][1:]
    assert {form["refresh_token"] for form in sent} == {given}
    assert kept not in {form["refresh_token"] for form in sent}


@each
def test_a_refused_refresh_token_is_named_with_the_vendors_words(signed, sandbox, vendor):
    bench, fake = signed(vendor), sandbox.fakes[vendor]
    fake.token_desk.refresh_token = "changed elsewhere"
    outcome = bench.read(midnight(TODAY))
    assert outcome.state == "partly"
    code = "unauthorized_client" if vendor == "jira" else "invalid_grant"
    for failure in outcome.failures:
        assert "CredentialsError" in failure.message
        assert code in failure.message
        assert "sign in again" in failure.message
        assert "demo-refresh" not in failure.message


def test_a_refusal_is_not_asked_for_twice_by_one_request(signed, sandbox):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    fake.token_desk.refresh_token = "changed elsewhere"
    client = open_client(account_of(bench))
    with pytest.raises(Exception, match="invalid_grant"):
        client.check()
    assert refreshes(fake, "typeform") == 1


def test_without_a_place_to_keep_it_no_rotating_token_is_spent(
    signed, sandbox, monkeypatch, tmp_path
):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SUPPORT_ETL_TOKENS", str(tmp_path / "file" / "tokens"))
    outcome = bench.read(midnight(TODAY))
    assert "cannot be kept" in outcome.message
    assert "SUPPORT_ETL_TOKENS" in outcome.message
    assert refreshes(fake, "typeform") == 0


def test_a_token_that_does_not_rotate_needs_no_place(bench, sandbox, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SUPPORT_ETL_TOKENS", str(tmp_path / "file" / "tokens"))
    one = replace(bench, accounts=tuple(a for a in bench.accounts if a["connector"] == "zoho_desk"))
    outcome = one.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message


def test_a_damaged_file_is_named(signed):
    bench = signed("typeform")
    tokens_folder().mkdir()
    (tokens_folder() / "typeform_acme.json").write_text('{"configured": ')
    outcome = bench.read(midnight(TODAY))
    assert "typeform_acme.json: the kept tokens cannot be read" in outcome.message


@each
def test_two_at_once_spend_one_refresh_token(signed, sandbox, vendor):
    bench, fake = signed(vendor), sandbox.fakes[vendor]
    clients = [open_client(account_of(bench)) for _ in range(4)]
    threads = [threading.Thread(target=client.check) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refreshes(fake, vendor) == 1
    fake.token_desk.tokens.clear()
    for client in clients:
        client.check()
        client.close()
    assert refreshes(fake, vendor) == 2


def test_a_token_spent_by_a_run_that_was_cut_off_is_explained(signed, sandbox):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    fake.faults = [InjectedFault("drop", "/oauth/token", times=100)]
    assert bench.read(midnight(TODAY)).state == "partly"
    fake.faults = []
    fake.token_desk.refresh_token = "the answer that nobody got"
    outcome = bench.read(midnight(TODAY))
    assert "an earlier run ended while the vendor changed the refresh token" in outcome.message


@dataclass
class Blocks:
    """Secret blocks in memory; those of Prefect are tested in test_prefect.py."""

    values: dict[str, str] = field(default_factory=dict)
    is_broken: bool = False

    def __call__(self, name: str, /) -> str | None:
        return self.values.get(name)

    def write(self, name: str, value: str) -> bool:
        if self.is_broken:
            return False
        self.values[name] = value
        return True


@pytest.fixture
def blocks(signed, monkeypatch) -> Callable[[Bench], Blocks]:
    def of(bench: Bench) -> Blocks:
        name = bench.accounts[0]["name"]
        variable = f"SUPPORT_ETL_SECRET_{name}_REFRESH_TOKEN".upper()
        value = os.environ[variable]
        monkeypatch.delenv(variable)
        return Blocks({f"support-etl-{name}-refresh-token".replace("_", "-"): value})

    return of


@each
def test_a_block_is_written_back(signed, sandbox, blocks, vendor):
    bench, fake = signed(vendor), sandbox.fakes[vendor]
    source = blocks(bench)
    for run in (1, 2):
        client = open_client(account_of(bench), source)
        client.check()
        client.close()
        assert list(source.values.values()) == [fake.token_desk.refresh_token]
        assert refreshes(fake, vendor) == run
    assert not list(Path(tokens_folder()).glob("*.json"))


def test_a_block_that_cannot_be_written_loses_nothing(signed, sandbox, blocks):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    source = blocks(bench)
    source.is_broken = True
    for _ in range(2):
        open_client(account_of(bench), source).check()
        fake.token_desk.tokens.clear()
    source.is_broken = False
    open_client(account_of(bench), source).check()
    assert list(source.values.values()) == [fake.token_desk.refresh_token]


def test_refusals_for_missing_scopes_do_not_spend_a_token_each(signed, sandbox):
    bench, fake = signed("zendesk"), sandbox.fakes["zendesk"]
    fake.faults = [InjectedFault("forbidden", "^/api/", times=1000)]
    outcome = bench.read(midnight(TODAY))
    assert len(outcome.failures) > 2
    assert refreshes(fake, "zendesk") == 2, "the first token, and one more after a refusal"


def test_a_token_that_ends_with_a_403_is_renewed(signed, sandbox):
    bench, fake = signed("typeform"), sandbox.fakes["typeform"]
    fake.faults = [InjectedFault("forbidden", "^/forms")]
    outcome = bench.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    assert refreshes(fake, "typeform") == 2


def test_responses_of_another_region_fail_a_run_and_are_not_read_as_none(bench, sandbox):
    sandbox.fakes["typeform"].responses_host = "api.eu.typeform.com"
    one = replace(bench, accounts=tuple(a for a in bench.accounts if a["connector"] == "typeform"))
    outcome = one.read(midnight(TODAY))
    assert outcome.state == "partly"
    assert "set region to eu" in outcome.message
