"""A fake vendor: request in, answer out, served on loopback; and the ways it can be told to
misbehave.
"""

import base64
import gzip
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. `query` keeps the last of repeated names; `path` has no query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    host: str = ""

    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    def basic(self) -> tuple[str, str] | None:
        """User and password of a Basic header."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password

    def bearer(self) -> str | None:
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        return value if kind.lower() == "bearer" else None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: `content` is turned to JSON unless it is bytes."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: str = ""  # what goes wrong on the wire: cut, reset, drip or wrong_length
    wait: float = 0.0  # seconds between the bytes of a drip

    def encoded(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        return json.dumps(self.content, separators=(",", ":")).encode()


Kind = Literal[
    "throttle",
    "error",
    "cut",
    "garbage",
    "html",
    "drop",
    "unauthorized",
    "forbidden",
    "wrong_shape",
    "foreign_next",
    "redirect",
    "slow",
    "repeat",
    "edit",
    "status",
    "reset",
    "drip",
    "wrong_length",
]


@dataclass(slots=True)
class InjectedFault:
    """One misbehaviour: on requests whose path matches, after `skip` of them, `times` times."""

    kind: Kind
    path: str = ""
    skip: int = 0
    times: int = 1
    wait: float = 0.0
    edit: Callable[[bytes], bytes] | None = None
    headers: Mapping[str, str] | None = None
    status: int = 500
    body: bytes = b'{"error":"unavailable"}'

    def strikes(self, asked: Request) -> bool:
        if self.times <= 0 or not re.search(self.path, asked.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Fake:
    """Base of all fake vendors.

    Subclasses answer in `answer`; `clock` is what they take for now. `time`, if given, sets the
    clock before each request.
    """

    def __init__(self, *, clock: datetime | None = None) -> None:
        self.clock = clock or datetime.now(UTC)
        self.time: Callable[[], datetime] | None = None
        self.faults: list[InjectedFault] = []
        self.asked: list[Request] = []
        self.base_url = ""
        self._lock = threading.RLock()
        self._last_page: bytes | None = None
        self._kept: dict[str, tuple[datetime, Any]] = {}

    def answer(self, asked: Request) -> Response:
        """The vendor's answer to a well-behaved request."""
        raise NotImplementedError

    def unauthorized(self) -> Response:
        """The vendor's answer to wrong or expired credentials."""
        raise NotImplementedError

    def throttled(self) -> Response:
        """The vendor's answer to too many requests."""
        raise NotImplementedError

    def forbidden(self) -> Response:
        """The vendor's answer where the plan or role does not reach."""
        return Response({"error": "Forbidden"}, 403)

    def _keep(self, name: str, make: Callable[[], Any]) -> Any:
        """Lists are made once for each position of the clock."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != self.clock:
            kept = (self.clock, make())
            self._kept[name] = kept
        return kept[1]

    def respond(self, asked: Request) -> tuple[Response, bytes]:
        """The answer after mischief, and the bytes to send (fewer than announced when cut)."""
        with self._lock:
            if self.time is not None:
                self.clock = self.time()
            self.asked.append(asked)
            struck = next((m for m in self.faults if m.strikes(asked)), None)
            if struck:
                return self._misbehave(struck, asked)
            reply = self.answer(asked)
            body = reply.encoded()
            self._last_page = body
            return reply, body

    def _misbehave(self, struck: InjectedFault, asked: Request) -> tuple[Response, bytes]:
        plain: dict[str, Callable[[], Response]] = {
            "throttle": self.throttled,
            "unauthorized": self.unauthorized,
            "forbidden": self.forbidden,
            "error": lambda: Response(
                b"<html><body>Bad gateway</body></html>", 503, {"content-type": "text/html"}
            ),
            "html": lambda: Response(
                b"<!doctype html><html>Please log in</html>", 200, {"content-type": "text/html"}
            ),
            "wrong_shape": lambda: Response({"unexpected": True}),
            "redirect": lambda: Response(
                b"",
                struck.status if struck.status in {301, 302, 303, 307, 308} else 302,
                dict(struck.headers or {}),
            ),
            "status": lambda: Response(struck.body, struck.status, dict(struck.headers or {})),
        }
        if struck.kind in plain:
            reply = plain[struck.kind]()
            if struck.headers is not None and struck.kind == "throttle":
                reply = Response(reply.content, reply.status, struck.headers)
            return reply, reply.encoded()
        if struck.kind == "repeat" and self._last_page is not None:
            return Response(self._last_page), self._last_page
        reply = self.answer(asked)
        body = reply.encoded()
        if struck.kind in {"cut", "reset", "drip", "wrong_length", "slow"}:
            return Response(body, 200, reply.headers, struck.kind, struck.wait), body
        if struck.kind == "garbage":
            body = body[: len(body) // 2]
        elif struck.kind == "foreign_next":
            body = body.replace(self.base_url.encode(), b"http://localhost:9")
        elif struck.kind == "edit" and struck.edit:
            body = struck.edit(body)
        elif struck.kind == "drop":
            return Response(b"", 0), b""
        return Response(body, reply.status, reply.headers), body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = (
        True  # head and body in two writes would wait for the client's delayed acknowledgement
    )
    wbufsize = 1 << 16
    fake: Fake

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        parts = urlsplit(self.path)
        asked = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {k.lower(): v for k, v in self.headers.items()},
            self.rfile.read(length),
            self.headers.get("host", ""),
        )
        reply, body = self.fake.respond(asked)
        if reply.wire == "slow":
            threading.Event().wait(reply.wait)
        if reply.status == 0:
            self.close_connection = True
            return
        headers = {"content-type": "application/json; charset=utf-8", **reply.headers}
        if (
            "gzip" in asked.headers.get("accept-encoding", "")
            and len(body) > 1000
            and "content-encoding" not in headers
        ):
            body, headers["content-encoding"] = gzip.compress(body, 1), "gzip"
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header(
            "content-length", str(len(body) + (17 if reply.wire == "wrong_length" else 0))
        )
        self.end_headers()
        self._send(reply, body)

    def _send(self, reply: Response, body: bytes) -> None:
        """The body, or as much of it as goes over the wire."""
        if reply.wire == "drip":
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                threading.Event().wait(reply.wait)
            return
        self.wfile.write(body[: len(body) // 2] if reply.wire in {"cut", "reset"} else body)
        self.wfile.flush()
        if reply.wire == "reset":  # a close that does not linger is a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.wire:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - names of the standard library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """No access log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-answer (it was killed) is nothing to print."""


class Served:
    """A fake on loopback: a context manager whose `url` a client can call."""

    def __init__(self, fake: Fake, port: int = 0) -> None:
        self.fake = fake
        handler = type("Handler", (_Handler,), {"fake": fake})
        self._server = _Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        fake.base_url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def iso(instant: datetime) -> str:
    """2026-02-01T09:00:00Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_of(items: Sequence[Any], start: int, size: int) -> tuple[Sequence[Any], bool]:
    """A slice, and whether there is more."""
    return items[start : start + size], start + size < len(items)
