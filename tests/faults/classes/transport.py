"""Connections that break, vendors that say wait or no."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

from scene import Judgement, Scene, judge

from classes.kit import FOR_EVER, Fault, attempt, http
from tasks.sandbox.fake import InjectedFault


def _http_date(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")


def stalled(scene: Scene, k: int) -> Judgement:
    """Silence for longer than the timeout."""
    scene.stack.enter_context(mock.patch("tasks.rest.client._TIMEOUTS", (2.0, 0.5)))
    scene.fake.faults = [InjectedFault("slow", "", skip=k - 1, times=1, wait=1.0)]
    return judge(scene, attempt(scene))


def unreachable(address: str) -> Callable[[Scene, int], Judgement]:
    def play(scene: Scene, k: int) -> Judgement:
        accounts = tuple(
            {**a, "base_url": address.format(port=a["base_url"].rsplit(":", 1)[1])}
            for a in scene.bench.accounts
        )
        scene.stack.enter_context(mock.patch("tasks.rest.client._TIMEOUTS", (0.5, 0.5)))
        return judge(scene, attempt(scene, accounts=accounts))

    return play


TRANSPORT = (
    *(
        http("F2 transport", kind)
        for kind in ("drop", "reset", "cut", "garbage", "html", "wrong_length")
    ),
    http("F2 transport", "drip", wait=0.05, points=("middle",)),
    *(
        http("F2 transport", f"{kind} for ever", kind, times=FOR_EVER, points=("first", "middle"))
        for kind in ("drop", "cut", "html")
    ),
    Fault("F2 transport", "stalled", stalled, ("first", "middle")),
    Fault("F2 transport", "refused", unreachable("http://127.0.0.1:9"), ("first",)),
    Fault("F2 transport", "no such name", unreachable("http://no-such-host.invalid"), ("first",)),
    Fault("F2 transport", "no TLS there", unreachable("https://localhost:{port}"), ("first",)),
)
LIMITS = (
    *(
        http(
            "F3 limits",
            f"throttled, Retry-After {said!r}",
            "throttle",
            times=2,
            headers=headers,
            points=("first", "middle"),
        )
        for said, headers in (
            ("0", {"retry-after": "0"}),
            ("nonsense", {"retry-after": "soon"}),
            ("-5", {"retry-after": "-5"}),
            ("a date", {"retry-after": _http_date(1)}),
            ("none", {}),
            ("a century", {"retry-after": "3000000000"}),
        )
    ),
    *(
        http(
            "F3 limits",
            f"{status} twice",
            "status",
            times=2,
            status=status,
            points=("first", "middle", "last"),
        )
        for status in (500, 502, 503, 504)
    ),
    http(
        "F3 limits",
        "503 for ever",
        "status",
        times=FOR_EVER,
        status=503,
        points=("first", "middle"),
    ),
    http("F3 limits", "throttled for ever", "throttle", times=FOR_EVER, points=("middle",)),
    http("F3 limits", "200 with an error", "wrong_shape"),
    http("F3 limits", "token expires", "unauthorized"),
    http(
        "F3 limits",
        "token refused for ever",
        "unauthorized",
        times=FOR_EVER,
        points=("first", "middle"),
    ),
    http("F3 limits", "forbidden for ever", "forbidden", times=FOR_EVER, points=("middle", "last")),
    http("F3 limits", "400", "status", status=400, body=b'{"message":"invalid"}'),
    http("F3 limits", "418", "status", status=418, body=b"", points=("middle",)),
)
