"""Attacks: credentials redirected, echoed or guessed; responses built to fill the memory."""

import gzip
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import scene as stage
from scene import Judgement, Scene, difference, forms, judge

from classes.kit import FOR_EVER, Fault, attempt
from flows.pipeline.outcome import Outcome
from tasks.sandbox.fake import InjectedFault, Request, Response


class Trap:
    """Another host that records every call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(f"{self.path} {dict(self.headers)}")
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET  # noqa: N815 - http.server's name

            def log_message(self, *given: Any) -> None:
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def redirected(status: int, place: str) -> Callable[[Scene, int], Judgement]:
    def play(scene: Scene, k: int) -> Judgement:
        trap = Trap()
        own = scene.fake.base_url.removeprefix("http://")
        address = place.format(trap=trap.port, own=own)
        scene.fake.faults = [
            InjectedFault(
                "redirect",
                "",
                skip=k - 1,
                times=FOR_EVER,
                status=status,
                headers={"location": address},
            )
        ]
        first = attempt(scene)
        found = judge(scene, first)
        trap.close()
        found.leaked += [f"a call to {address}: {call[:80]}" for call in trap.calls]
        if isinstance(first, Outcome) and first.state == "completed":
            found.silent.append("completed though sent elsewhere")
        return found

    return play


_PLACES = (
    "http://127.0.0.1:{trap}/x",
    "http://localhost:{trap}/x",
    "//127.0.0.1:{trap}/x",
    "http://{own}@127.0.0.1:{trap}/x",
    "http://2130706433:{trap}/x",
    "http://[::ffff:127.0.0.1]:{trap}/x",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "ftp://127.0.0.1:{trap}/x",
    "http://user:pw@{own}/x",
)


_LINKS = (
    "http://127.0.0.1:{trap}",
    "http://localhost:{trap}",
    "http://{own}@127.0.0.1:{trap}",
    "http://[::ffff:127.0.0.1]:{trap}",
    "file://",
    "http://169.254.169.254",
)


def echoed(scene: Scene, k: int) -> Judgement:
    """The vendor repeats the credentials, as sent and decoded, in the words of its refusal."""
    real = scene.fake.respond

    def respond(asked: Request) -> Any:
        reply, body = real(asked)
        if len(scene.fake.asked) < k:
            return reply, body
        told = " ".join(
            [
                asked.headers.get("authorization", ""),
                asked.headers.get("x-api-token", ""),
                *(asked.basic() or ()),
                asked.body.decode(errors="replace"),
            ]
        )
        refusal = Response(
            {"message": f"not accepted: {told}"}, 401 if scene.pick.random() < 0.5 else 400
        )
        return refusal, refusal.encoded()

    scene.stack.enter_context(mock.patch.object(scene.fake, "respond", respond))
    first = attempt(scene)
    return judge(scene, first)


def bomb(scene: Scene, k: int) -> Judgement:
    """A small response that unpacks to a hundred megabytes."""
    packed = gzip.compress(b" " * (100 << 20), 9)
    real = scene.fake.respond

    def respond(asked: Request) -> Any:
        reply, body = real(asked)
        if len(scene.fake.asked) < k:
            return reply, body
        return Response(packed, 200, {"content-encoding": "gzip"}), packed

    scene.stack.enter_context(
        mock.patch(
            "tasks.extract.RetryPolicy",
            return_value=replace(stage.PATIENCE, biggest_page=4 << 20),
        )
    )
    scene.stack.enter_context(mock.patch.object(scene.fake, "respond", respond))
    return judge(scene, attempt(scene))


def wrong_secret(scene: Scene, k: int) -> Judgement:
    """A wrong secret is refused and reported, and appears in no text."""
    account = scene.bench.accounts[0]["name"].upper()
    given = {
        n: f"planted-{i}-canary-token"
        for i, n in enumerate(scene.sandbox.secrets)
        if f"_{account}_" in n
    }
    with mock.patch.dict("os.environ", given):
        first = attempt(scene)
    found = judge(scene, first)
    words = repr(first) + (first.message if isinstance(first, Outcome) else "")
    found.leaked += [
        f"{name} in the message"
        for name, value in given.items()
        for form in forms(value)
        if form.decode() in words
    ]
    if isinstance(first, Outcome) and first.state == "completed":
        found.silent.append("completed with wrong secrets")
    return found


def links_elsewhere(place: str) -> Callable[[Scene, int], Judgement]:
    """Every link in a page leads to another host; what of it is called is written down there."""

    def play(scene: Scene, k: int) -> Judgement:
        trap = Trap()
        there = place.format(
            trap=trap.port, own=scene.fake.base_url.removeprefix("http://")
        ).encode()
        real = scene.fake.respond

        def respond(asked: Request) -> Any:
            reply, body = real(asked)
            if len(scene.fake.asked) != k:
                return reply, body
            own = scene.fake.base_url.encode()
            headers = {
                name: value.replace(own.decode(), there.decode())
                for name, value in reply.headers.items()
            }
            changed = Response(body.replace(own, there), reply.status, headers)
            return changed, changed.encoded()

        scene.stack.enter_context(mock.patch.object(scene.fake, "respond", respond))
        found = judge(scene, attempt(scene), repair=True)
        trap.close()
        found.leaked += [f"a call to {there!r}: {call[:80]}" for call in trap.calls]
        return found

    return play


def two_accounts(scene: Scene, k: int) -> Judgement:
    """Two accounts of one vendor have the same ids.

    One breaks at the k-th request, and stays its own.
    """
    one = scene.bench.accounts[0]
    other = {**one, "name": "other_one"}
    given = {
        name.replace(f"_{one['name'].upper()}_", "_OTHER_ONE_"): value
        for name, value in scene.sandbox.secrets.items()
    }
    scene.stack.enter_context(mock.patch.dict("os.environ", given))
    scene.fake.faults = [InjectedFault("status", "", skip=k - 1, times=FOR_EVER, status=400)]
    attempt(scene, accounts=(one, other))
    scene.fake.faults = []
    attempt(scene, accounts=(one, other))
    both = scene.state()
    found = Judgement()
    for name in (one["name"], other["name"]):
        mine = {
            table: Counter(
                {(one["name"], *row[1:]): n for row, n in rows.items() if row[0] == name}
            )
            for table, rows in both.items()
        }
        found.lost += difference(scene.clean, mine)
        found.doubled += difference(mine, scene.clean)
    return found


def forged(scene: Scene, k: int) -> Judgement:
    """The vendor's refusal has line breaks, colours and marks that turn the reading direction."""
    words = (
        "gone\r\n2026-11-01 run completed\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u2066"
        " <b>x</b>\u2028end"
    )
    scene.fake.faults = [
        InjectedFault(
            "status",
            "",
            skip=k - 1,
            times=FOR_EVER,
            status=400,
            body=json.dumps(
                {"error": words, "message": words, "errors": [{"message": words}]}
            ).encode(),
        )
    ]
    first = attempt(scene)
    found = judge(scene, first)
    if isinstance(first, Outcome):
        with_marks = [r.message for r in first.streams if not r.message.isprintable()]
        found.leaked += [f"control characters in a message: {message!r}" for message in with_marks]
    return found


ATTACKS = (
    *(
        Fault("A1 leaks by address", f"{status} to {place}", redirected(status, place), ("middle",))
        for status in (302, 307)
        for place in _PLACES
    ),
    *(
        Fault(
            "A1 leaks by address",
            f"{status} to {_PLACES[0]}",
            redirected(status, _PLACES[0]),
            ("first",),
        )
        for status in (301, 302, 303, 307, 308)
    ),
    *(
        Fault("A3 links in pages", place, links_elsewhere(place), ("first", "middle"))
        for place in _LINKS
    ),
    Fault("A13 forged lines", "in a refusal", forged, ("first", "middle")),
    Fault("A14 two accounts", "equal ids, one breaks", two_accounts, ("first", "middle")),
    Fault("A2 secrets in texts", "credentials echoed", echoed, ("first", "middle")),
    Fault("A2 secrets in texts", "wrong secret", wrong_secret, ("first",)),
    Fault("A7 bombs", "gzip bomb", bomb, ("first", "middle")),
)
