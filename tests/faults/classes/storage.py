"""A landing zone or a DuckDB warehouse that cannot write."""

import errno
import os
from collections.abc import Callable
from typing import Any
from unittest import mock

import duckdb
import sqlalchemy as sa
from scene import Judgement, Scene, judge

from classes.kit import Fault, attempt


def landing_fails(code: int) -> Callable[[Scene, int], Judgement]:
    def play(scene: Scene, k: int) -> Judgement:
        real, count = os.replace, [0]

        def replace(source: Any, target: Any) -> None:
            count[0] += 1
            if count[0] >= k:
                raise OSError(code, os.strerror(code))
            real(source, target)

        scene.stack.enter_context(mock.patch("tasks.landing.store.os.replace", replace))
        return judge(scene, attempt(scene))

    return play


def statement_fails(share: float) -> Callable[[Scene, int], Judgement]:
    """The database refuses a statement; which one is drawn by the scene's seed."""

    def play(scene: Scene, k: int) -> Judgement:
        count = [0]
        strike = int(40 + share * scene.requests * 30 * scene.pick.random())

        def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            count[0] += 1
            if count[0] == strike:
                raise duckdb.IOException("IO Error: Could not write file: No space left on device")

        sa.event.listen(sa.Engine, "before_cursor_execute", before)
        first = attempt(scene)
        sa.event.remove(sa.Engine, "before_cursor_execute", before)
        return judge(scene, first)

    return play


def commit_fails(*, after: bool) -> Callable[[Scene, int], Judgement]:
    """The k-th commit fails, or is done and its answer lost."""

    def play(scene: Scene, k: int) -> Judgement:
        from duckdb_sqlalchemy import Dialect

        real, count = Dialect.do_commit, [0]

        def commit(self: Any, connection: Any) -> None:
            count[0] += 1
            if count[0] == k + 3 and after:
                real(self, connection)
            if count[0] == k + 3:
                raise duckdb.IOException("IO Error: commit failed")
            real(self, connection)

        scene.stack.enter_context(mock.patch.object(Dialect, "do_commit", commit))
        return judge(scene, attempt(scene))

    return play


STORAGE = (
    *(
        Fault("F6 storage", f"landing: {errno.errorcode[code]}", landing_fails(code))
        for code in (errno.ENOSPC, errno.EROFS, errno.EIO)
    ),
    Fault("F6 storage", "a statement fails", statement_fails(0.5), ("early", "middle", "last")),
    Fault("F6 storage", "a commit fails", commit_fails(after=False)),
    Fault("F6 storage", "a commit's answer is lost", commit_fails(after=True)),
)
