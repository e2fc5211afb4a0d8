"""What commands print: text from data cannot steer the terminal, and errors are one line."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from conftest import Bench
from hypothesis import given, strategies
from tests_support import TODAY, midnight
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.console import clean
from tasks.sandbox.fake import Fake, InjectedFault, Request, Response, Served
from tasks.sandbox.moving_clock import MovingClock
from tasks.settings import load, redact, secret_variable

ROOT = Path(__file__).resolve().parents[2]


def call(code: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from flows.cli import app, main\n{code}\nmain()", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=120,
    )


@given(strategies.text())
def test_clean_text_is_one_line_without_control_characters(text: str):
    assert clean(text).replace("\N{REPLACEMENT CHARACTER}", "").isprintable()
    assert len(clean(text)) == len(redact(text))  # other tests leave secrets behind


def test_an_escape_sequence_in_a_survey_question_does_not_reach_the_terminal(
    every_account: Bench, sandbox, monkeypatch
):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m"

    def spoil(body: bytes) -> bytes:
        return body.replace(
            b'"heading": "', b'"heading": ' + json.dumps(evil).encode()[:-1]
        ).replace(b'"heading":"', b'"heading":' + json.dumps(evil).encode()[:-1])

    sandbox.fakes["surveymonkey"].faults = [
        InjectedFault("edit", "/surveys", times=100, edit=spoil)
    ]
    accounts = [dict(a) for a in sandbox.accounts if a["connector"] == "surveymonkey"]
    monkeypatch.setenv("SUPPORT_ETL_ACCOUNTS", json.dumps(accounts, default=str))
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(every_account.folder / "none.toml"))
    result = CliRunner().invoke(app, ["surveys"])
    assert result.exit_code == 0, result.output
    assert "owned" in result.output, "the question is printed"
    assert not {"\x1b", "\x07", "\x9b"} & set(result.output)


def test_one_thing_of_a_list_in_detail(tmp_path: Path):
    for words, expected in (
        (["connectors", "zendesk"], "ticket_events"),
        (["models", "marts.kpi_daily"], "attainment"),
        (["models", "source.agent"], "is_active"),
        (["kpis", "csat"], "Zendesk: good over good and bad"),
    ):
        done = call("", *words, folder=tmp_path)
        assert expected in done.stdout, done.stderr
        listed = json.loads(call("", *words, "--json", folder=tmp_path).stdout)
        assert {words[1]} == {row[words[0].removesuffix("s")] for row in listed}
    assert "source.ticket_field" in call("", "models", "source", folder=tmp_path).stdout
    done = call("", "kpis", "cast", folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: no KPI cast; there are csat\n")


def test_the_version_is_printed(tmp_path: Path):
    assert call("", "--version", folder=tmp_path).stdout.startswith("support-etl ")


@pytest.mark.parametrize("settings", ["", "this is no toml"])
def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept(tmp_path: Path, settings: str):
    (tmp_path / "support_etl.toml").write_text(settings)
    code = (
        "from tasks.settings import remember_secret\n"
        "@app.command()\n"
        "def fail():\n"
        "    remember_secret('hidden-token')\n"
        "    raise RuntimeError('not foreseen\\nwith hidden-token')\n"
    )
    done = call(code, "fail", folder=tmp_path)
    assert done.returncode == 1
    (kept,) = tmp_path.rglob("*.traceback.txt")
    assert done.stderr == (
        "error: RuntimeError: not foreseen with ***; its traceback is in"
        f" {kept.relative_to(tmp_path)}\n"
    )
    text = kept.read_text()
    assert "Traceback" in text
    assert "hidden-token" not in text.replace("remember_secret('hidden-token')", "")
    assert kept.stat().st_mode & 0o077 == 0


def test_what_a_run_prints_fits_a_screen(desk_folder: Path):
    done = call("", "replay", folder=desk_folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) < 40
    for expected in ("Tickets created", "report: ", "spreadsheet: ", "completed"):
        assert expected in done.stdout


@pytest.fixture
def desk_folder(small_bench: Bench, tmp_path: Path) -> Path:
    """A user's folder in which one account was read."""
    accounts = tuple(a for a in small_bench.accounts if a["connector"] == "surveymonkey")
    assert replace(small_bench, accounts=accounts).read(midnight(TODAY)).state == "completed"
    facts = {k: v for k, v in accounts[0].items() if isinstance(v, (str, int))}
    lines = [
        f"[warehouse]\nurl = {json.dumps(small_bench.url)}",
        "[[accounts]]",
        *(f"{name} = {json.dumps(value)}" for name, value in facts.items()),
        f'start = "{accounts[0]["start"].isoformat()}"',
    ]
    (tmp_path / "support_etl.toml").write_text("\n".join(lines))
    return tmp_path


def test_the_sandbox_prints_settings_alone_and_its_secrets_as_shell_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """`support-etl sandbox > support_etl.toml 2> sandbox.env` gives files that can be used."""
    files = [tmp_path / "support_etl.toml", tmp_path / "sandbox.env"]
    # a suite that was started in the background ignores Ctrl-C, and so would its children
    hear = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{hear}; from flows.cli import main; main()"
    with files[0].open("w") as out, files[1].open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "sandbox", "--port", "0", "--start", "2026-01-05"],
            cwd=tmp_path,
            stdout=out,
            stderr=err,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        for _ in range(600):
            if "Ctrl-C" in files[1].read_text():
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        assert tomllib.loads(files[0].read_text())["accounts"]
        monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(files[0]))
        accounts = {one.connector: one for one in load().accounts}
        shell = f". {files[1]}; printf %s ${secret_variable('zendesk_acme', 'api_token')}"
        done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("zendesk-demo-token", "")
        with pytest.raises(OSError, match="401"):
            urlopen(f"{accounts['zendesk'].base_url}/api/v2/users.json")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    assert "2026-01-05T00:0" in files[1].read_text()


class Watch(Fake):
    """Answers with its clock."""

    def answer(self, asked: Request) -> Response:
        return Response(self.clock.isoformat())


def test_the_clock_of_the_sandbox_moves_and_never_passes_the_present():
    begin = datetime.now(UTC) - timedelta(days=2)
    fake = Watch()
    fake.time = MovingClock(begin, speed=1e6)
    with Served(fake) as served:
        seen = [datetime.fromisoformat(json.load(urlopen(served.url))) for _ in range(3)]
    assert begin < seen[0] <= seen[1] <= seen[2] <= datetime.now(UTC)
    assert seen[2] > begin + timedelta(minutes=30)
    assert {instant.second for instant in seen} == {0}
    assert MovingClock(begin, speed=0)() == begin.replace(second=0, microsecond=0)
