"""The classes of faults and attacks. A fault is a function that prepares a scene: its trouble strikes at one request.

Each is named and seeded, so that a case can be played again: class, fault, vendor, point, seed.
"""

import errno
import gzip
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import duckdb
import sqlalchemy as sa
from scene import AS_OF, Judgement, Scene, forms, judge

from flows.job import Outcome
from tasks.errors import WarehouseBusyError
from tasks.sandbox.fake import Asked, Mischief

POINTS = ("first", "early", "middle", "last")
FOR_EVER = 100_000


@dataclass(frozen=True)
class Fault:
    """One way in which things go wrong. `play` acts on a scene at the k-th request (from 1) and judges the end."""

    group: str
    name: str
    play: Callable[[Scene, int], Judgement]
    points: tuple[str, ...] = POINTS

    def at(self, scene: Scene, point: str) -> Judgement:
        return self.play(scene, position(scene.requests, point))


def position(count: int, point: str) -> int:
    return {"first": 1, "early": max(1, count // 4), "middle": max(1, count // 2), "last": count}[point]


def attempt(scene: Scene, **changes: Any) -> Outcome | BaseException:
    """A run that may end in any way."""
    try:
        return scene.run(**changes)
    except BaseException as trouble:  # the judgement tells a named refusal from a crash
        return trouble


# HTTP ----------------------------------------------------------------------------------------------------------------


def http(group: str, name: str, kind: Any = "", *, times: int = 1, points: tuple[str, ...] = POINTS, **given: Any) -> Fault:
    def play(scene: Scene, k: int) -> Judgement:
        scene.fake.mischief = [Mischief(kind or name, "", skip=k - 1, times=times, **given)]
        return judge(scene, attempt(scene))

    return Fault(group, name, play, points)


def _http_date(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")


def stalled(scene: Scene, k: int) -> Judgement:
    """Silence for longer than the timeout."""
    scene.stack.enter_context(mock.patch("tasks.rest.client._TIMEOUTS", (2.0, 0.5)))
    scene.fake.mischief = [Mischief("slow", "", skip=k - 1, times=1, wait=1.0)]
    return judge(scene, attempt(scene))


def unreachable(address: str) -> Callable[[Scene, int], Judgement]:
    def play(scene: Scene, k: int) -> Judgement:
        accounts = tuple({**a, "base_url": address.format(port=a["base_url"].rsplit(":", 1)[1])} for a in scene.bench.accounts)
        scene.stack.enter_context(mock.patch("tasks.rest.client._TIMEOUTS", (0.5, 0.5)))
        return judge(scene, attempt(scene, accounts=accounts))

    return play


TRANSPORT = (
    *(http("F2 transport", kind) for kind in ("drop", "reset", "cut", "garbage", "html", "wrong_length")),
    http("F2 transport", "drip", wait=0.05, points=("middle",)),
    *(http("F2 transport", f"{kind} for ever", kind, times=FOR_EVER, points=("first", "middle")) for kind in ("drop", "cut", "html")),
    Fault("F2 transport", "stalled", stalled, ("first", "middle")),
    Fault("F2 transport", "refused", unreachable("http://127.0.0.1:9"), ("first",)),
    Fault("F2 transport", "no such name", unreachable("http://no-such-host.invalid"), ("first",)),
    Fault("F2 transport", "no TLS there", unreachable("https://localhost:{port}"), ("first",)),
)
LIMITS = (
    *(http("F3 limits", f"throttled, Retry-After {said!r}", "throttle", times=2, headers=headers, points=("first", "middle"))
      for said, headers in (("0", {"retry-after": "0"}), ("nonsense", {"retry-after": "soon"}), ("-5", {"retry-after": "-5"}),
                            ("a date", {"retry-after": _http_date(1)}), ("none", {}), ("a century", {"retry-after": "3000000000"}))),
    *(http("F3 limits", f"{status} twice", "status", times=2, status=status, points=("first", "middle", "last")) for status in (500, 502, 503, 504)),
    http("F3 limits", "503 for ever", "status", times=FOR_EVER, status=503, points=("first", "middle")),
    http("F3 limits", "throttled for ever", "throttle", times=FOR_EVER, points=("middle",)),
    http("F3 limits", "200 with an error", "wrong_shape"),
    http("F3 limits", "token expires", "unauthorized"),
    http("F3 limits", "token refused for ever", "unauthorized", times=FOR_EVER, points=("first", "middle")),
    http("F3 limits", "forbidden for ever", "forbidden", times=FOR_EVER, points=("middle", "last")),
    http("F3 limits", "400", "status", status=400, body=b'{"message":"invalid"}'),
    http("F3 limits", "418", "status", status=418, body=b"", points=("middle",)),
)


# paging under change -------------------------------------------------------------------------------------------------


def signature(asked: Asked) -> tuple[Any, ...]:
    return (asked.method, asked.path, tuple(sorted(asked.query.items())), asked.body)


def cursor_expires(scene: Scene, k: int) -> Judgement:
    """The k-th request's cursor is refused until its path is begun anew."""
    with scene_log(scene) as log:
        real, begun, refused = scene.fake.answer, {}, []

        def answer(asked: Asked) -> Any:
            log.append(asked)
            mine = signature(asked)
            begins = begun.setdefault(asked.path, mine) == mine
            if len(log) == k and not begins:
                refused.append(mine)
            if begins and len(log) > k:
                refused.clear()
            if mine in refused:
                from tasks.sandbox.fake import Reply

                return Reply({"error": "cursor expired"}, 410)
            return real(asked)

        scene.stack.enter_context(mock.patch.object(scene.fake, "answer", answer))
        first = attempt(scene)
        return judge_while(scene, first)


@contextmanager
def scene_log(scene: Scene) -> Iterator[list[Asked]]:
    yield []


def judge_while(scene: Scene, first: Any) -> Judgement:
    """Judge with the trouble still in place: the next run has to find its own way."""
    kept = scene.stack.pop_all()
    found = judge(scene, first)
    kept.close()
    return found


def records_of(content: Any) -> list[Any] | None:
    """The longest list of objects in a page."""
    best: list[Any] | None = None
    for value in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        inner = records_of(value) if isinstance(value, (dict, list)) else None
        best = inner if inner and len(inner) > len(best or []) else best
    if isinstance(content, list) and content and all(isinstance(r, dict) for r in content) and len(content) >= len(best or []):
        return content
    return best


def edited(name: str, change: Callable[[list[Any]], None], group: str = "F4 paging", *, points: tuple[str, ...] = POINTS, repair: bool = False,
           finish: Callable[[bytes], bytes] = lambda body: body) -> Fault:
    """A page whose records are changed before they are sent."""

    def edit(body: bytes) -> bytes:
        try:
            content = json.loads(body)
        except ValueError:
            return body  # a file, not a page
        records = records_of(content)
        if records:
            change(records)
        return finish(json.dumps(content).encode())

    def play(scene: Scene, k: int) -> Judgement:
        scene.fake.mischief = [Mischief("edit", "", skip=k - 1, times=1, edit=edit)]
        return judge(scene, attempt(scene), repair=repair)

    return Fault(group, name, play, points)


def _double(records: list[Any]) -> None:
    records[:] = [r for r in records for _ in range(2)]


def _reverse(records: list[Any]) -> None:
    records.reverse()


def repeated(*, for_ever: bool) -> Callable[[Scene, int], Judgement]:
    """From the k-th request on, a path that was answered before gives that answer again: once, or always."""

    def play(scene: Scene, k: int) -> Judgement:
        real, kept, left = scene.fake.respond, {}, [FOR_EVER if for_ever else 1]

        def respond(asked: Asked) -> Any:
            series = (asked.method, asked.path, *re.findall(r"(?i) from (\w+)", asked.query.get("q", "")))  # Salesforce asks for all at one path
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


# strange data --------------------------------------------------------------------------------------------------------

_KEYS = re.compile(r"(^|_)(id|ids|key|sys_id|uuid|self|links?|url|number|name|hash|cursor|email|type|status|field|token|href|source|slug|ref|priority)$", re.I)
_MARK = "@@strange@@"


def strange(name: str, value: str) -> Fault:
    """A text field of the first record of a page gets `value`, a piece of raw JSON."""

    def change(records: list[Any]) -> None:
        record = records[0]
        chosen = [k for k, v in record.items() if isinstance(v, str) and not _KEYS.search(k) and not re.match(r"\d{4}-", v)]
        record[chosen[0] if chosen else "remark"] = _MARK

    return edited(name, change, "F5 strange data", points=("first", "middle", "last"), repair=True,
                  finish=lambda body: body.replace(json.dumps(_MARK).encode(), value.encode()))


def whole(name: str, change: Callable[[dict[str, Any]], Any]) -> Fault:
    """The first record of a page is changed as a whole."""

    def act(records: list[Any]) -> None:
        records[0] = change(records[0])

    return edited(name, act, "F5 strange data", points=("first", "middle", "last"), repair=True)


def _scalars(record: dict[str, Any], value: Any) -> dict[str, Any]:
    return {k: value if not isinstance(v, (dict, list)) else v for k, v in record.items()}


STRANGE = (
    strange("NUL", '"a\\u0000b"'), strange("lone surrogate", '"a\\ud800b"'), strange("terminal escapes", '"\\u001b[2J\\u202eabc"'),
    strange("NaN", "NaN"), strange("infinity", "1e999"), strange("5,000 digits", "1" * 5000), strange("nested 10,000 deep", "[" * 10_000 + "]" * 10_000),
    strange("a megabyte of text", json.dumps("x" * (1 << 20))), strange("SQL", json.dumps("'; drop table source.ticket; --")),
    strange("formula", json.dumps('=HYPERLINK("http://x","y")')), strange("markup", json.dumps("<script>alert(1)</script>{{7*7}}")),
    strange("a list for a text", "[1,2]"), strange("an object for a text", '{"a":1}'), strange("a truth for a text", "true"),
    whole("null everywhere", lambda r: _scalars(r, None)), whole("objects everywhere", lambda r: _scalars(r, {"x": 1})),
    whole("an empty record", lambda r: {}), whole("a number for a record", lambda r: 7), whole("null for a record", lambda r: None),
    whole("new fields", lambda r: {**r, **{f"new_{i}": i for i in range(50)}}),
)


# storage -------------------------------------------------------------------------------------------------------------


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
        scene.stack.callback(sa.event.remove, sa.Engine, "before_cursor_execute", before)
        return judge(scene, attempt(scene))

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
    *(Fault("F6 storage", f"landing: {errno.errorcode[code]}", landing_fails(code)) for code in (errno.ENOSPC, errno.EROFS, errno.EIO)),
    Fault("F6 storage", "a statement fails", statement_fails(0.5), ("early", "middle", "last")),
    Fault("F6 storage", "a commit fails", commit_fails(after=False)),
    Fault("F6 storage", "a commit's answer is lost", commit_fails(after=True)),
)


# death ---------------------------------------------------------------------------------------------------------------


def _child(scene: Scene, **more: Any) -> int:
    return scene.stage.runner.begin(scene.bench, dict(scene.sandbox.secrets), ingest=True, **more)


def killed_at_request(number: int) -> Callable[[Scene, int], Judgement]:
    """A signal while the k-th request is answered."""

    def play(scene: Scene, k: int) -> Judgement:
        ready, child = threading.Event(), []

        def strike(body: bytes) -> bytes:
            ready.wait(20)
            os.kill(child[0], number)
            return body

        scene.fake.mischief = [Mischief("edit", "", skip=k - 1, times=1, edit=strike)]
        child.append(_child(scene))
        ready.set()
        ended = scene.stage.runner.end()
        found = judge(scene, None)
        if ended >= 0:
            found.torn.append(f"the process ended with {ended} and not by its signal")
        return found

    return play


def dies_at(place: str) -> Callable[[Scene, int], Judgement]:
    """SIGKILL at the k-th landing, merge, bookmark, batch or commit; a run that has fewer of them ends by itself."""

    def play(scene: Scene, k: int) -> Judgement:
        _child(scene, die=[place, k])
        scene.stage.runner.end()
        return judge(scene, None)

    return play


DEATH = (
    Fault("F1 death", "SIGKILL at a request", killed_at_request(signal.SIGKILL)),
    Fault("F1 death", "SIGTERM at a request", killed_at_request(signal.SIGTERM), ("middle",)),
    *(Fault("F1 death", f"SIGKILL at a {place}", dies_at(place), ("first", "early", "middle")) for place in ("landing", "merge", "bookmark", "batch", "commit")),
)


# runs and history ----------------------------------------------------------------------------------------------------


def second_run(scene: Scene, k: int) -> Judgement:
    """Another run begins while the first is at its k-th request."""
    refused: list[BaseException | Outcome] = []

    def begin(body: bytes) -> bytes:
        other = threading.Thread(target=lambda: refused.append(attempt(scene)))
        other.start()
        other.join(20)
        return body

    scene.fake.mischief = [Mischief("edit", "", skip=k - 1, times=1, edit=begin)]
    first = attempt(scene)
    found = judge(scene, first)
    if not refused or not isinstance(refused[0], WarehouseBusyError):
        found.torn.append(f"the second run was not refused: {refused}")
    return found


def cancelled(scene: Scene, k: int) -> Judgement:
    """Ctrl-C, or Prefect's cancellation, at the k-th request."""
    from tasks.rest.client import Client

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
    """A bookmark far ahead yields no record, no error and no second full load; taken back, all is as it was."""
    first = attempt(scene)
    marks = scene.bench.fetch("select account, stream, value from ops.bookmark")
    with _books(scene) as connection:
        connection.exec_driver_sql("update ops.bookmark set value = regexp_replace(value, '\"until\":\"20..', '\"until\":\"2099')")
    attempt(scene)
    with _books(scene) as connection:
        for account, stream, value in marks:
            connection.execute(sa.text("update ops.bookmark set value = :v where account = :a and stream = :s"), {"v": value, "a": account, "s": stream})
    return judge(scene, first)


@contextmanager
def _books(scene: Scene) -> Iterator[Any]:
    from tasks.warehouse.engine import Warehouse

    warehouse = Warehouse(scene.bench.url)
    with warehouse.begin() as connection:
        yield connection
    warehouse.dispose()


def windows_out_of_order(scene: Scene, k: int) -> Judgement:
    """Backfill of the last week first, then the one before; then the daily run."""
    from tasks.clock import Window

    weeks = [Window(AS_OF - timedelta(days=7 * (i + 1)), AS_OF - timedelta(days=7 * i)) for i in range(2)]
    for week in scene.pick.sample(weeks, 2):
        scene.run(window=week)
    scene.fake.mischief = []
    return judge(scene, attempt(scene))


def replayed(scene: Scene, k: int) -> Judgement:
    """Every landed batch again, as often as the point says."""
    from flows.ingest import replay_stream
    from flows.job import running
    from tasks.extract import streams_of

    first = attempt(scene)
    settings = scene.bench.settings()
    for _ in range(min(k, 3)):
        with running(settings, "replay", AS_OF) as (context, outcome):
            for account in settings.accounts:
                outcome.streams += [replay_stream(context, account, stream) for stream in streams_of(account)]
            outcome.state = "completed"
    return judge(scene, first)


def backfill_cut(scene: Scene, k: int) -> Judgement:
    """A backfill that fails at its k-th request, the daily run after it."""
    from tasks.clock import Window

    scene.fake.mischief = [Mischief("status", "", skip=k - 1, times=FOR_EVER, status=400)]
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


# attacks -------------------------------------------------------------------------------------------------------------


class Trap:
    """Another host: whoever calls it is written down."""

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

            do_POST = do_GET

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
        scene.fake.mischief = [Mischief("redirect", "", skip=k - 1, times=FOR_EVER, status=status, headers={"location": address})]
        first = attempt(scene)
        found = judge(scene, first)
        trap.close()
        found.leaked += [f"a call to {address}: {call[:80]}" for call in trap.calls]
        if isinstance(first, Outcome) and first.state == "completed":
            found.silent.append("completed though sent elsewhere")
        return found

    return play


_PLACES = (
    "http://127.0.0.1:{trap}/x", "http://localhost:{trap}/x", "//127.0.0.1:{trap}/x", "http://{own}@127.0.0.1:{trap}/x", "http://2130706433:{trap}/x",
    "http://[::ffff:127.0.0.1]:{trap}/x", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "ftp://127.0.0.1:{trap}/x", "http://user:pw@{own}/x",
)


def echoed(scene: Scene, k: int) -> Judgement:
    """The vendor repeats the credentials, as sent and decoded, in the words of its refusal."""
    real = scene.fake.respond

    def respond(asked: Asked) -> Any:
        reply, body = real(asked)
        if len(scene.fake.asked) < k:
            return reply, body
        from tasks.sandbox.fake import Reply

        told = " ".join([asked.headers.get("authorization", ""), asked.headers.get("x-api-token", ""), *(asked.basic() or ()), asked.body.decode(errors="replace")])
        refusal = Reply({"message": f"not accepted: {told}"}, 401 if scene.pick.random() < 0.5 else 400)
        return refusal, refusal.encoded()

    scene.stack.enter_context(mock.patch.object(scene.fake, "respond", respond))
    first = attempt(scene)
    return judge(scene, first)


def bomb(scene: Scene, k: int) -> Judgement:
    """A small answer that unpacks to a hundred megabytes."""
    from tasks.sandbox.fake import Reply

    packed = gzip.compress(b" " * (100 << 20), 9)
    real = scene.fake.respond

    def respond(asked: Asked) -> Any:
        reply, body = real(asked)
        if len(scene.fake.asked) < k:
            return reply, body
        return Reply(packed, 200, {"content-encoding": "gzip"}), packed

    from dataclasses import replace

    import scene as stage

    scene.stack.enter_context(mock.patch("tasks.extract.Patience", lambda **given: replace(stage.PATIENCE, biggest_page=4 << 20)))
    scene.stack.enter_context(mock.patch.object(scene.fake, "respond", respond))
    return judge(scene, attempt(scene))


def wrong_secret(scene: Scene, k: int) -> Judgement:
    """Another secret than the vendor's: refused, named, and the secret given is in no text."""
    account = scene.bench.accounts[0]["name"].upper()
    given = {n: f"planted-{i}-canary-token" for i, n in enumerate(scene.sandbox.secrets) if f"_{account}_" in n}
    with mock.patch.dict("os.environ", given):
        first = attempt(scene)
    found = judge(scene, first)
    words = repr(first) + (first.message if isinstance(first, Outcome) else "")
    found.leaked += [f"{name} in the message" for name, value in given.items() for form in forms(value) if form.decode() in words]
    if isinstance(first, Outcome) and first.state == "completed":
        found.silent.append("completed with wrong secrets")
    return found


ATTACKS = (
    *(Fault("A1 leaks by address", f"{status} to {place}", redirected(status, place), ("middle",))
      for status in (302, 307) for place in _PLACES),
    *(Fault("A1 leaks by address", f"{status} to {_PLACES[0]}", redirected(status, _PLACES[0]), ("first",)) for status in (301, 302, 303, 307, 308)),
    Fault("A2 secrets in texts", "credentials echoed", echoed, ("first", "middle")),
    Fault("A2 secrets in texts", "wrong secret", wrong_secret, ("first",)),
    Fault("A7 bombs", "gzip bomb", bomb, ("first", "middle")),
)

FAULTS = (*DEATH, *TRANSPORT, *LIMITS, *PAGING, *STRANGE, *STORAGE, *RUNS, *ATTACKS)

