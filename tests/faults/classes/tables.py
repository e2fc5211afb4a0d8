"""A failing build of `core` and `marts` leaves them whole, and the next run builds them."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import duckdb
import sqlalchemy as sa
from duckdb_sqlalchemy import Dialect
from scene import AS_OF, Judgement, Scene, judge
from tests_support import differences

from classes.kit import Fault
from tasks.errors import SupportEtlError

VENDORS = ("zendesk", "hubspot", "servicenow")
SCHEMAS = ("core", "marts")
POINTS = ("early", "middle", "last")
_SHARE = {1: 0.1, 2: 0.5, 3: 0.9}


def building(name: str, arm: Callable[[Scene, float], None]) -> Fault:
    """Rows are loaded; then a build that fails at a share of its work."""

    def play(scene: Scene, k: int) -> Judgement:
        scene.run()
        before = scene.bench.tables(*SCHEMAS)
        arm(scene, k / scene.requests)
        first: Any = None
        try:
            first = scene.bench.run(AS_OF)
        except SupportEtlError as trouble:
            first = trouble
        except KeyboardInterrupt:
            pass
        scene.stack.close()
        during = scene.bench.tables(*SCHEMAS)
        found = judge(scene, first)
        clean = scene.stage.tables_of(scene.vendor)
        if during != before and differences(clean, during):
            found.torn.append("core and marts are neither as before nor whole")
        scene.bench.run(AS_OF)
        found.lost += [
            (name, rows) for name, rows in differences(clean, scene.bench.tables(*SCHEMAS)).items()
        ][:3]
        return found

    return Fault("F6 tables", name, play, POINTS, VENDORS)


def _statement(error: Callable[[], BaseException]) -> Callable[[Scene, float], None]:
    def arm(scene: Scene, share: float) -> None:
        count, strike = (
            [0],
            int(share * scene.stage.statements_of(scene.vendor)) + scene.pick.randint(0, 20),
        )

        def before(*_: Any) -> None:
            count[0] += 1
            if count[0] == strike:
                raise error()

        sa.event.listen(sa.Engine, "before_cursor_execute", before)
        scene.stack.callback(sa.event.remove, sa.Engine, "before_cursor_execute", before)

    return arm


def _commit(*, after: bool) -> Callable[[Scene, float], None]:
    def arm(scene: Scene, share: float) -> None:
        real, count, strike = Dialect.do_commit, [0], scene.pick.randint(3, 30)

        def commit(self: Any, connection: Any) -> None:
            count[0] += 1
            if count[0] != strike or after:
                real(self, connection)
            if count[0] == strike:
                raise duckdb.IOException("IO Error: Could not write file: No space left on device")

        scene.stack.enter_context(mock.patch.object(Dialect, "do_commit", commit))

    return arm


TABLES = (
    building(
        "disk full at a statement",
        _statement(
            lambda: duckdb.IOException("IO Error: Could not write file: No space left on device")
        ),
    ),
    building(
        "memory spent at a statement",
        _statement(lambda: duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")),
    ),
    building("cancelled at a statement", _statement(KeyboardInterrupt)),
    building("disk full at a commit", _commit(after=False)),
    building("a commit's answer is lost", _commit(after=True)),
)
