"""Prefect for the command line: the same settings in every folder, and its temporary server.

Prefect reads `prefect.toml` from the working folder only, and a wheel brings no such file. So the
command line sets what it needs in its environment, before anything imports Prefect. A variable of
the user's, or a line in the user's `prefect.toml`, takes precedence.
"""

import atexit
import os
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tasks.errors import ConfigurationError, OrchestratorError
from tasks.paths import settings_file

_DEFAULTS = {
    "server.analytics_enabled": "false",
    "server.ephemeral.startup_timeout_seconds": "180",  # Prefect's own 20 are few on a busy machine
    "cloud.enable_orchestration_telemetry": "false",
    "telemetry.enable_resource_metrics": "false",
    "logging.extra_loggers": "support_etl",  # our lines in the log of a run
}
_STARTS_BEFORE = 4  # of other commands in the same home that a start waits for
_PROFILES = Path.home() / ".prefect" / "profiles.toml"


def set_prefect_defaults() -> None:
    """Put into the environment what neither the user's environment nor prefect.toml says.

    Prefect's home becomes `.support_etl` in the folder of the settings file: a database of its own,
    which no other version of Prefect touches. If that folder is read-only, the home is temporary
    and ends with the process.

    Raises:
        ConfigurationError: prefect.toml is not TOML.

    """
    own = _prefect_toml()
    os.environ.setdefault("DO_NOT_TRACK", "1")  # Prefect's and Great Expectations' usage statistics
    for setting, value in _DEFAULTS.items():
        if not _is_given(own, setting):
            os.environ.setdefault(_variable(setting), value)
    if _is_given(own, "home") or "PREFECT_HOME" in os.environ:
        return
    if _PROFILES.is_file():  # a server that the user has logged in to stays the server
        os.environ.setdefault("PREFECT_PROFILES_PATH", str(_PROFILES))
    os.environ["PREFECT_HOME"] = str(_home(settings_file().absolute().parent))


def ensure_prefect_server() -> None:
    """Make sure that Prefect's server answers; start a temporary one if no server is configured.

    Raises:
        OrchestratorError: The configured server does not answer, or none started in time.

    """
    from prefect.client.orchestration import get_client
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is None and settings.server.ephemeral.enabled:
        _start_temporary_server(settings.home, settings.server.ephemeral.startup_timeout_seconds)
        return
    with get_client(sync_client=True) as client:
        refusal = client.api_healthcheck()
    if refusal:
        raise OrchestratorError(
            f"Prefect's server at {settings.api.url} does not answer"
            f" ({type(refusal).__name__}: {refusal}); start it, or correct PREFECT_API_URL"
        ) from refusal


def _start_temporary_server(home: Path, seconds: int) -> None:
    """Start the server that ends with this process; one start at a time in a home.

    Two servers that create one database at once break it.
    """
    import httpx
    from filelock import FileLock, Timeout

    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / "start.lock", timeout=_STARTS_BEFORE * seconds):
            _start_server()
    except (Timeout, RuntimeError, httpx.TransportError) as trouble:
        raise OrchestratorError(
            f"Prefect's temporary server did not start within {seconds} s; is the machine busy?"
            " Run again later, set PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS to more, or"
            " start a server of your own (`prefect server start`) and set PREFECT_API_URL to it"
        ) from trouble


def _start_server() -> None:
    """Start it, twice if need be.

    Prefect waits for a server that refuses connections, but gives up on one that accepts a
    connection and then does not answer for five seconds, as on a busy machine.
    """
    import httpx
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    try:
        server.start()
    except httpx.TransportError:
        server.stop()
        SubprocessASGIServer().start()
    except RuntimeError:
        server.stop()
        raise


def _home(folder: Path) -> Path:
    home = folder / ".support_etl"
    if os.access(home if home.exists() else folder, os.W_OK):
        return home
    temporary = Path(tempfile.mkdtemp(prefix="support-etl-prefect-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _prefect_toml() -> Mapping[str, object]:
    try:
        return tomllib.loads(Path("prefect.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigurationError(f"prefect.toml: not valid TOML: {wrong}") from None


def _is_given(own: Mapping[str, object], setting: str) -> bool:
    value: object = own
    for part in setting.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def _variable(setting: str) -> str:
    """Name of the environment variable of a setting, as Prefect forms it."""
    return "PREFECT_" + setting.upper().replace(".", "_")
