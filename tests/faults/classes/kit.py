"""Building blocks of faults: their form, a run that may end anyhow, pages changed in transit."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scene import VENDORS, Judgement, Scene, judge

from flows.pipeline.outcome import Outcome
from tasks.sandbox.fake import InjectedFault

POINTS = ("first", "early", "middle", "last")
FOR_EVER = 100_000


@dataclass(frozen=True)
class Fault:
    """One way in which things go wrong.

    `play` acts on a scene at the k-th request (from 1) and judges the end.

    `vendors`: those it is tried with, where not all; `store`: the kind of warehouse.
    """

    group: str
    name: str
    play: Callable[[Scene, int], Judgement]
    points: tuple[str, ...] = POINTS
    vendors: tuple[str, ...] = VENDORS
    store: str = "duckdb"

    def at(self, scene: Scene, point: str) -> Judgement:
        return self.play(scene, position(scene.requests, point))


def position(count: int, point: str) -> int:
    return {"first": 1, "early": max(1, count // 4), "middle": max(1, count // 2), "last": count}[
        point
    ]


def attempt(scene: Scene, **changes: Any) -> Outcome | BaseException:
    """A run that may end in any way."""
    try:
        return scene.run(**changes)
    except BaseException as trouble:
        return trouble


def http(
    group: str,
    name: str,
    kind: Any = "",
    *,
    times: int = 1,
    points: tuple[str, ...] = POINTS,
    **given: Any,
) -> Fault:
    def play(scene: Scene, k: int) -> Judgement:
        scene.fake.faults = [InjectedFault(kind or name, "", skip=k - 1, times=times, **given)]
        return judge(scene, attempt(scene))

    return Fault(group, name, play, points)


def records_of(content: Any) -> list[Any] | None:
    """The longest list of objects in a page."""
    best: list[Any] | None = None
    for value in (
        content.values()
        if isinstance(content, dict)
        else content
        if isinstance(content, list)
        else ()
    ):
        inner = records_of(value) if isinstance(value, (dict, list)) else None
        best = inner if inner and len(inner) > len(best or []) else best
    if (
        isinstance(content, list)
        and content
        and all(isinstance(r, dict) for r in content)
        and len(content) >= len(best or [])
    ):
        return content
    return best


def outer_records_of(content: Any) -> list[Any] | None:
    """The longest list of objects that lies in no other list: records, and not their parts."""
    level = [content]
    while level:
        lists = [
            v for v in level if isinstance(v, list) and v and all(isinstance(r, dict) for r in v)
        ]
        if lists:
            return max(lists, key=len)
        level = [v for one in level if isinstance(one, dict) for v in one.values()]
    return None


def edited(
    name: str,
    change: Callable[[list[Any]], None],
    group: str = "F4 paging",
    *,
    points: tuple[str, ...] = POINTS,
    repair: bool = False,
    finish: Callable[[bytes], bytes] = lambda body: body,
    find: Callable[[Any], list[Any] | None] = records_of,
) -> Fault:
    """A page whose records are changed before they are sent."""

    def edit(body: bytes) -> bytes:
        try:
            content = json.loads(body)
        except ValueError:
            return body  # a file, not a page
        records = find(content)
        if records:
            change(records)
        return finish(json.dumps(content).encode())

    def play(scene: Scene, k: int) -> Judgement:
        scene.fake.faults = [InjectedFault("edit", "", skip=k - 1, times=1, edit=edit)]
        return judge(scene, attempt(scene), repair=repair)

    return Fault(group, name, play, points)
