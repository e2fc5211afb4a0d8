"""Token rotation under kill: the refresh token works once, and the process dies after spending it.

The account signs in by refresh token. The process is killed while the first request with the new
token is answered: at the start of the run, or after a token that ended in the middle of it.
"""

import os
import signal
import threading
from typing import Any
from unittest import mock

from scene import Judgement, Scene, judge

from classes.kit import Fault
from tasks.sandbox.fake import InjectedFault
from tasks.settings import tokens_folder

VENDORS = ("zendesk", "typeform", "front", "jira", "salesforce")
_NO_TOKEN = r"^(?!.*(oauth/tokens?|oauth2/token)$)"
_GIVEN = "refresh-token-of-the-settings"
_SETTINGS: dict[str, dict[str, Any]] = {"jira": {"cloud_id": "11223344-a1b2"}}


def _secrets(scene: Scene) -> dict[str, str]:
    """The account's secrets for this way to sign in."""
    desk = scene.fake.token_desk
    desk.tokens.clear()
    desk.refresh_token = _GIVEN
    values = {
        "client_id": desk.client[0],
        "client_secret": desk.client[1],
        "refresh_token": desk.refresh_token,
    }
    prefix = f"SUPPORT_ETL_SECRET_{scene.vendor}_ACME_".upper()
    return {prefix + name.upper(): value for name, value in values.items()}


def killed_after_rotation(scene: Scene, k: int) -> Judgement:
    """A signal while the first request after the k-th, refused one is answered."""
    ready, child = threading.Event(), list[int]()

    def strike(body: bytes) -> bytes:
        ready.wait(20)
        os.kill(child[0], signal.SIGKILL)
        return body

    secrets = _secrets(scene)
    own = _SETTINGS.get(scene.vendor, {})
    scene.bench.accounts = tuple({**a, **own} for a in scene.bench.accounts)
    refused = InjectedFault("unauthorized", _NO_TOKEN, skip=k - 2)
    scene.fake.faults = [
        *([refused] if k > 1 else []),
        InjectedFault("edit", _NO_TOKEN, skip=max(0, k - 2), edit=strike),
    ]
    with mock.patch.dict(os.environ, secrets):
        more = {**scene.sandbox.secrets, **secrets, "SUPPORT_ETL_TOKENS": str(tokens_folder())}
        child.append(scene.stage.runner.begin(scene.bench, more, ingest=True))
        ready.set()
        ended = scene.stage.runner.end()
        spent = scene.fake.token_desk.refresh_token != _GIVEN
        found = judge(scene, None)
    if ended >= 0 or not spent:
        found.torn.append(f"the process ended with {ended}; the token was spent: {spent}")
    return found


ROTATION = (
    Fault("F9 sign-in", "token rotation under kill", killed_after_rotation, vendors=VENDORS),
)
