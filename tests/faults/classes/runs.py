"""Runs that meet, that are cancelled, that come in another order."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from scene import AS_OF, Judgement, OneByOne, Scene, judge

from classes.kit import FOR_EVER, Fault, attempt
from flows.pipeline.context import running
from flows.pipeline.ingest import replay_stream
from flows.pipeline.outcome import Outcome
from tasks.clock import Window
from tasks.errors import RunAtWorkError
from tasks.extract import streams_of
from tasks.rest.client import Client
from tasks.sandbox.fake import InjectedFault
from tasks.warehouse.engine import Warehouse


def second_run(scene: Scene, k: int) -> Judgement:
    """Another run begins while the first is at its k-th request."""
    refused: list[BaseException | Outcome] = []

    def begin(body: bytes) -> bytes:
        other = threading.Thread(target=lambda: refused.append(attempt(scene)))
        other.start()
        other.join(20)
        return body

    scene.fake.faults = [InjectedFault("edit", "", skip=k - 1, times=1, edit=begin)]
    first = attempt(scene)
    found = judge(scene, first)
    if not refused or not isinstance(refused[0], RunAtWorkError):
        found.torn.append(f"the second run was not refused: {refused}")
    return found


def cancelled(scene: Scene, k: int) -> Judgement:
    """Ctrl-C, or Prefect's cancellation, at the k-th request."""
    real, count = Client._call, [0]

    def call(self: Any, *given: Any) -> Any:
        count[0] += 1
        if count[0] == k:
            raise KeyboardInterrupt
        return real(self, *given)

    scene.stack.enter_context(mock.patch.object(Client, "_call", call))
    first = attempt(scene)
    return judge(scene, None if isinstance(first, KeyboardInterrupt) else first)


def clock_set_back(scene: Scene, k: int) -> Judgement:
    """After a good run, one for an earlier instant."""
    first = attempt(scene)
    with mock.patch("scene.AS_OF", AS_OF - timedelta(days=3 * k)):
        attempt(scene)
    return judge(scene, first)


def bookmark_of_the_future(scene: Scene, k: int) -> Judgement:
    """A bookmark far ahead is refused by name, and no second full load begins.

    Once it is moved back, everything is as before.
    """
    first = attempt(scene)
    marks = scene.bench.fetch("select account, stream, value from ops.bookmark")
    with _books(scene) as session:
        session.execute(
            'update ops.bookmark set value = regexp_replace(value, \'"until":"20..\','
            ' \'"until":"2099\')'
        )
    during = attempt(scene)
    with _books(scene) as session:
        for account, stream, value in marks:
            session.execute(
                "update ops.bookmark set value = :v where account = :a and stream = :s",
                {"v": value, "a": account, "s": stream},
            )
    found = judge(scene, first)
    if isinstance(during, Outcome) and not any(
        "BookmarkError" in r.message for r in during.failures
    ):
        found.silent.append("no word on a bookmark of the future")
    return found


@contextmanager
def _books(scene: Scene) -> Iterator[Any]:
    warehouse = Warehouse(scene.bench.url)
    with warehouse.transaction() as session:
        yield session
    warehouse.dispose()


def windows_out_of_order(scene: Scene, k: int) -> Judgement:
    """Backfill of the last week first, then the one before; then the daily run."""
    weeks = [
        Window(AS_OF - timedelta(days=7 * (i + 1)), AS_OF - timedelta(days=7 * i)) for i in range(2)
    ]
    for week in scene.pick.sample(weeks, 2):
        scene.run(window=week)
    scene.fake.faults = []
    return judge(scene, attempt(scene))


def replayed(scene: Scene, k: int) -> Judgement:
    """Every landed batch again, as often as the point says."""
    first = attempt(scene)
    settings = scene.bench.settings()
    for _ in range(min(k, 3)):
        with running(settings, OneByOne(), "replay", AS_OF) as (context, outcome):
            for account in settings.accounts:
                outcome.streams += [
                    replay_stream(context, account, stream) for stream in streams_of(account)
                ]
            outcome.state = "completed"
    return judge(scene, first)


def backfill_cut(scene: Scene, k: int) -> Judgement:
    """After a good run a backfill that fails at its k-th request; then the daily run."""
    scene.run()
    scene.fake.faults = [InjectedFault("status", "", skip=k - 1, times=FOR_EVER, status=400)]
    first = attempt(scene, window=Window(AS_OF - timedelta(days=20), AS_OF))
    return judge(scene, None if isinstance(first, Outcome) else first)


RUNS = (
    Fault("F7 runs", "two at once", second_run, ("first", "middle")),
    Fault("F7 runs", "cancelled", cancelled),
    Fault("F7 runs", "clock set back", clock_set_back, ("first", "middle")),
    Fault("F8 history", "bookmark of the future", bookmark_of_the_future, ("first",)),
    Fault("F8 history", "windows out of order", windows_out_of_order, ("first",)),
    Fault("F8 history", "replayed", replayed, ("first", "last")),
    Fault("F8 history", "backfill cut", backfill_cut, ("early", "middle")),
)
