"""Pages that repeat, cursors that expire, lists that change under the reader."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from scene import Judgement, Scene, judge

from classes.kit import FOR_EVER, Fault, attempt, edited, http
from tasks.sandbox.fake import Request, Response


def signature(asked: Request) -> tuple[Any, ...]:
    return (asked.method, asked.path, tuple(sorted(asked.query.items())), asked.body)


def cursor_expires(scene: Scene, k: int) -> Judgement:
    """The k-th request's cursor is refused until its path restarts."""
    with scene_log(scene) as log:
        real, started, refused = scene.fake.answer, {}, []

        def answer(asked: Request) -> Any:
            log.append(asked)
            mine = signature(asked)
            begins = started.setdefault(asked.path, mine) == mine
            if len(log) == k and not begins:
                refused.append(mine)
            if begins and len(log) > k:
                refused.clear()
            if mine in refused:
                return Response({"error": "cursor expired"}, 410)
            return real(asked)

        scene.stack.enter_context(mock.patch.object(scene.fake, "answer", answer))
        first = attempt(scene)
        return judge_while(scene, first)


@contextmanager
def scene_log(scene: Scene) -> Iterator[list[Request]]:
    yield []


def judge_while(scene: Scene, first: Any) -> Judgement:
    """Judge with the trouble still in place: the next run has to find its own way."""
    kept = scene.stack.pop_all()
    found = judge(scene, first)
    kept.close()
    return found


def _double(records: list[Any]) -> None:
    records[:] = [r for r in records for _ in range(2)]


def _reverse(records: list[Any]) -> None:
    records.reverse()


def repeated(*, for_ever: bool) -> Callable[[Scene, int], Judgement]:
    """From the k-th request on, a repeated path gets its earlier answer again: once, or always."""

    def play(scene: Scene, k: int) -> Judgement:
        real, kept, left = scene.fake.respond, {}, [FOR_EVER if for_ever else 1]

        def respond(asked: Request) -> Any:
            # Salesforce asks for all at one path, HubSpot for every ticket's threads, Freshdesk for
            # what is deleted: the answer to another question is no repeated page
            questions = (
                asked.query.get("associatedTicketId"),
                asked.query.get("filter"),
                *re.findall(r"(?i) from (\w+)", asked.query.get("q", "")),
            )
            series = (asked.method, asked.path, *questions)
            known = kept.get(series)
            if known and known[0].status == 200 and len(scene.fake.asked) >= k - 1 and left[0]:
                left[0] -= 1
                scene.fake.asked.append(asked)
                return known
            kept[series] = real(asked)
            return kept[series]

        scene.stack.enter_context(mock.patch.object(scene.fake, "respond", respond))
        return judge(scene, attempt(scene))

    return play


PAGING = (
    Fault("F4 paging", "page repeated", repeated(for_ever=False)),
    Fault("F4 paging", "page repeated for ever", repeated(for_ever=True), ("early", "middle")),
    edited("records twice on a page", _double),
    edited("records in another order", _reverse, points=("middle", "last")),
    Fault("F4 paging", "cursor expires", cursor_expires),
    http("F4 paging", "gone for ever", "status", times=FOR_EVER, status=410, points=("middle",)),
)
