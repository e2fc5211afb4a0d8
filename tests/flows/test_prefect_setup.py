"""The command line brings Prefect's settings into every folder; failures are one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests_support import free_port

ROOT = Path(__file__).resolve().parents[2]
# root may write to a read-only folder, unless it gives that capability up
UNPRIVILEGED = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
SEEN = """
from flows.prefect_setup import set_prefect_defaults
set_prefect_defaults()
from prefect.settings import get_current_settings
import json
seen = get_current_settings()
print(json.dumps({
    "home": str(seen.home),
    "seconds": seen.server.ephemeral.startup_timeout_seconds,
    "analytics": seen.server.analytics_enabled,
    "loggers": list(seen.logging.extra_loggers or ()),
}))
"""
START = """
from flows.prefect_setup import ensure_prefect_server, set_prefect_defaults
set_prefect_defaults()
ensure_prefect_server()
from prefect.client.orchestration import get_client
with get_client(sync_client=True) as client:
    assert client.api_healthcheck() is None
print("answers", client.api_url)
"""


def environment(**given: str) -> dict[str, str]:
    """That of a user who set nothing of Prefect's."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DO_NOT"))}
    return {**inherited, "PYTHONPATH": str(ROOT), **given}


def python(code: str, folder: Path, **given: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*UNPRIVILEGED, sys.executable, "-c", code],
        cwd=folder,
        env=environment(**given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def seen(folder: Path, **given: str) -> dict[str, object]:
    out, err = python(SEEN, folder, **given).communicate(timeout=120)
    assert out, err
    return json.loads(out)


def test_the_settings_are_there_in_an_empty_folder_and_the_users_own_win(tmp_path: Path):
    assert seen(tmp_path) == {
        "home": str(tmp_path / ".support_etl"),
        "seconds": 180,
        "analytics": False,
        "loggers": ["support_etl"],
    }
    settings = tmp_path / "elsewhere" / "support_etl.toml"
    settings.parent.mkdir()
    (tmp_path / "prefect.toml").write_text("[server.ephemeral]\nstartup_timeout_seconds = 33\n")
    chosen = seen(
        tmp_path,
        SUPPORT_ETL_CONFIG=str(settings),
        PREFECT_SERVER_ANALYTICS_ENABLED="true",
    )
    assert chosen["home"] == str(settings.parent / ".support_etl")
    assert (chosen["seconds"], chosen["analytics"]) == (33, True)
    (tmp_path / "prefect.toml").write_text('home = "mine"\n')
    assert seen(tmp_path)["home"] == "mine"
    assert seen(tmp_path, PREFECT_HOME="other")["home"] == "other"


def test_a_read_only_folder_gets_a_temporary_home(tmp_path: Path):
    tmp_path.chmod(0o500)
    assert not str(seen(tmp_path)["home"]).startswith(str(tmp_path))


def test_two_commands_that_begin_at_once_both_get_a_server(tmp_path: Path):
    both = [python(START, tmp_path) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=400)
        assert process.returncode == 0, err
        assert "answers" in out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1"},
            "did not start within 1 s; is the machine busy?",
        ),
        ({"PREFECT_API_URL": "http://127.0.0.1:{port}/api"}, "does not answer"),
    ],
)
def test_a_server_that_is_not_there_is_one_line_and_an_exit_code(
    tmp_path: Path, given: dict[str, str], message: str
):
    given = {name: value.format(port=free_port()) for name, value in given.items()}
    code = "from flows.cli import main; import sys; sys.argv = ['support-etl', 'run']; main()"
    process = python(code, tmp_path, **given)
    _out, err = process.communicate(timeout=200)
    assert process.returncode == 6, err
    assert "Traceback" not in err
    assert message in err.splitlines()[-1]
    assert len(err.splitlines()) <= 3, err
