"""PostgreSQL fails: it drops connections, restarts, is full, locked or read-only.

One fault loses the answer to a commit.
"""

import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import psycopg
import sqlalchemy as sa
from scene import Judgement, Scene, judge
from server import LOGIN
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from classes.kit import POINTS, Fault, attempt
from tasks.sandbox.fake import InjectedFault

VENDORS = ("zendesk", "hubspot", "surveymonkey")


def at_request(
    name: str,
    strike: Callable[[Scene], Any],
    lift: Callable[[Scene], Any] = lambda scene: None,
    points: tuple[str, ...] = POINTS,
) -> Fault:
    """Disturb the server during a request; it recovers before the judgement."""

    def play(scene: Scene, k: int) -> Judgement:
        def edit(body: bytes) -> bytes:
            strike(scene)
            return body

        scene.fake.faults = [InjectedFault("edit", "", skip=k - 1, times=1, edit=edit)]
        first = attempt(scene)
        lift(scene)
        return judge(scene, first)

    return Fault("F6 PostgreSQL", name, play, points, VENDORS, "postgresql")


def _anew(scene: Scene, statement: str) -> None:
    """Change a setting, and end the sessions that have the old one."""
    scene.server.do(statement)
    scene.server.disconnect(scene.database)


def locked(scene: Scene, k: int) -> Judgement:
    """A reader holds the bookmarks for half a second: a delay, nothing else."""
    held = psycopg.connect(scene.server.url(scene.database, "postgres"))
    held.execute("lock table ops.bookmark in access exclusive mode")
    timer = threading.Timer(0.5, held.close)
    timer.start()
    first = attempt(scene)
    timer.join()
    found = judge(scene, first)
    if isinstance(first, BaseException) or first.state != "completed":
        found.lost.append("a lock of half a second ended the run")
    return found


def deadlocked(scene: Scene, k: int) -> Judgement:
    """Before the k-th bookmark, another session causes a deadlock.

    It locks the bookmarks and asks for the rows that the load holds.
    """
    count = [0]
    threads: list[threading.Thread] = []

    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "ops.bookmark" not in statement or not statement.lstrip().lower().startswith(
            ("insert", "update", "delete")
        ):
            return
        count[0] += 1
        if count[0] == k:
            locked = threading.Event()
            threads.append(threading.Thread(target=_embrace, args=(scene, locked)))
            threads[0].start()
            locked.wait(5)

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    scene.stack.callback(sa.event.remove, sa.Engine, "before_cursor_execute", before)
    first = attempt(scene)
    for thread in threads:
        thread.join(20)
    return judge(scene, first)


def _embrace(scene: Scene, locked: threading.Event) -> None:
    with psycopg.connect(scene.server.url(scene.database, "postgres")) as connection:
        connection.execute(
            "set deadlock_timeout = '10s'"
        )  # the run's session finds the deadlock, and is the one that is ended
        connection.execute("lock table ops.bookmark in access exclusive mode")
        locked.set()
        connection.execute(
            "lock table source.ticket, source.survey_response, source.message in access exclusive"
            " mode"
        )


def commit_lost(scene: Scene, k: int) -> Judgement:
    """The k-th commit after the start is done, and the connection breaks before its answer."""
    real, count = PGDialect_psycopg.do_commit, [0]

    def commit(self: Any, connection: Any) -> None:
        count[0] += 1
        real(self, connection)
        if count[0] == k + 3:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    scene.stack.enter_context(mock.patch.object(PGDialect_psycopg, "do_commit", commit))
    return judge(scene, attempt(scene))


POSTGRES = (
    at_request("backends terminated", lambda scene: scene.server.disconnect(scene.database)),
    at_request(
        "restarted at once",
        lambda scene: scene.server.restart(),
        points=("first", "middle", "last"),
    ),
    at_request(
        "no connection left",
        lambda scene: _anew(scene, f"alter role {LOGIN} connection limit 0"),
        lambda scene: scene.server.do(f"alter role {LOGIN} connection limit -1"),
        ("first", "middle"),
    ),
    at_request(
        "statement timeout",
        lambda scene: _anew(scene, f"alter role {LOGIN} set statement_timeout = '1ms'"),
        lambda scene: scene.server.do(f"alter role {LOGIN} reset statement_timeout"),
        ("first", "middle"),
    ),
    at_request(
        "read-only",
        lambda scene: _anew(
            scene, f"alter database {scene.database} set default_transaction_read_only = on"
        ),
        lambda scene: scene.server.do(
            f"alter database {scene.database} reset default_transaction_read_only"
        ),
        ("first", "middle"),
    ),
    Fault("F6 PostgreSQL", "locked by a reader", locked, ("first",), VENDORS, "postgresql"),
    Fault("F6 PostgreSQL", "deadlock", deadlocked, ("first", "early"), VENDORS, "postgresql"),
    Fault("F6 PostgreSQL", "a commit's answer is lost", commit_lost, POINTS, VENDORS, "postgresql"),
)
