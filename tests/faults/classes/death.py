"""Processes that die: at a request, at a landing, in a merge, in a commit."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from scene import Judgement, Scene, judge

from classes.kit import Fault
from tasks.sandbox.fake import InjectedFault
from tasks.settings import tokens_folder


def _child(scene: Scene, **more: Any) -> int:
    given = {**scene.sandbox.secrets, "SUPPORT_ETL_TOKENS": str(tokens_folder())}
    return scene.stage.runner.begin(scene.bench, given, ingest=True, **more)


def killed_at_request(number: int) -> Callable[[Scene, int], Judgement]:
    """A signal while the k-th request is answered."""

    def play(scene: Scene, k: int) -> Judgement:
        ready, child = threading.Event(), []

        def strike(body: bytes) -> bytes:
            ready.wait(20)
            os.kill(child[0], number)
            return body

        scene.fake.faults = [InjectedFault("edit", "", skip=k - 1, times=1, edit=strike)]
        child.append(_child(scene))
        ready.set()
        ended = scene.stage.runner.end()
        found = judge(scene, None)
        if ended >= 0:
            found.torn.append(f"the process ended with {ended} and not by its signal")
        return found

    return play


def dies_at(place: str) -> Callable[[Scene, int], Judgement]:
    """SIGKILL at the k-th landing, merge, bookmark, batch or commit.

    A run that has fewer of them ends by itself.
    """

    def play(scene: Scene, k: int) -> Judgement:
        _child(scene, die=[place, k])
        scene.stage.runner.end()
        return judge(scene, None)

    return play


DEATH = (
    Fault("F1 death", "SIGKILL at a request", killed_at_request(signal.SIGKILL)),
    Fault("F1 death", "SIGTERM at a request", killed_at_request(signal.SIGTERM), ("middle",)),
    *(
        Fault("F1 death", f"SIGKILL at a {place}", dies_at(place), ("first", "early", "middle"))
        for place in ("landing", "merge", "bookmark", "batch", "commit")
    ),
)
