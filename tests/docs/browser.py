"""The report in a real browser, at four widths; run by hand, because Python brings no browser.

support-etl demo && python tests/docs/browser.py demo/reports/latest.html

Nothing may be wider than the window, load from elsewhere, have no size or log an error; screenshots
are kept for review. The browser is Chromium or Chrome, driven by the DevTools protocol.
"""

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

WIDTHS = (390, 768, 1280, 1920)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MEASURE = """(() => {
  const root = document.documentElement;
  const box = e => e.getBoundingClientRect();
  const has_class = e => typeof e.className === 'string' && e.className;
  const at = e => e.tagName.toLowerCase() + (has_class(e) ? '.' + e.className : '');
  const scrolls = e =>
    e && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const sticks_out = e => box(e).right > root.clientWidth + 1 && !scrolls(e.parentElement);
  const wide = [...document.body.querySelectorAll('*')]
    .filter(e => !e.parentElement.closest('svg') && sticks_out(e));
  const pictures = [...document.querySelectorAll('svg, img')];
  const flat = pictures.filter(e => !box(e).width || !box(e).height);
  return JSON.stringify({
    wide: [...new Set(wide.map(at))], flat: flat.map(at), pictures: pictures.length,
    tables: document.querySelectorAll('table').length, height: root.scrollHeight });
})()"""


class Tab:
    """One page of the browser: calls, and the events between them."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number, self._session = socket, 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(
            json.dumps(
                {
                    "id": self._number,
                    "method": method,
                    "params": given,
                    **({"sessionId": self._session} if self._session else {}),
                }
            )
        )
        while (reported := json.loads(self._socket.recv(timeout=60))).get("id") != self._number:
            self.events.append(reported)
        if "error" in reported:
            raise RuntimeError(f"{method}: {reported['error']['message']}")
        return dict(reported["result"])

    def open(self, address: str) -> None:
        """Go there, and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=address)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(json.loads(self._socket.recv(timeout=60)))


@contextmanager
def browser(program: str) -> Iterator[Tab]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            address = next(
                (
                    measured[1]
                    for line in process.stderr
                    if (measured := re.search(r"DevTools listening on (ws://\S+)", line))
                ),
                None,
            )
            if address is None:
                sys.exit(f"{program} does not start")
            with connect(address, max_size=None) as socket:
                yield Tab(socket)
        finally:
            process.kill()
            process.wait()


def trouble(tab: Tab, page: Path) -> list[str]:
    """Errors of the open page, in words."""
    measured = json.loads(tab.call("Runtime.evaluate", expression=MEASURE)["result"]["value"])
    asked = [
        e["params"]["request"]["url"]
        for e in tab.events
        if e.get("method") == "Network.requestWillBeSent"
    ]
    elsewhere = [url for url in asked if url != page.as_uri() and not url.startswith("data:")]
    complaints = [
        e["params"].get("entry", {}).get("text", "an exception")
        for e in tab.events
        if e.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}
    ]
    words = {
        "wider than the window": measured["wide"],
        "without a size": measured["flat"],
        "asked for elsewhere": elsewhere,
        "complained of": complaints,
    }
    print(
        f"{measured['pictures']} pictures, {measured['tables']} tables,"
        f" {measured['height']:,} px high",
        end="; ",
    )
    return [f"{len(what)} {name} ({', '.join(what[:3])})" for name, what in words.items() if what]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument(
        "--shots", type=Path, default=Path(tempfile.gettempdir()), help="where screenshots go"
    )
    parser.add_argument(
        "--browser",
        default=next((path for name in NAMES if (path := shutil.which(name))), ""),
        help="Chromium or Chrome",
    )
    given = parser.parse_args()
    if not given.browser:
        sys.exit("no Chromium or Chrome on the path; name one with --browser")
    page, bad = given.page.absolute(), False
    with browser(given.browser) as tab:
        for width in WIDTHS:
            tab.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=900,
                deviceScaleFactor=1,
                mobile=width < 500,
            )
            tab.open(page.as_uri())
            print(f"{width:>5} px", end=": ")
            wrong = trouble(tab, page)
            print("; ".join(wrong) or "in order")
            shot = given.shots / f"{page.stem}-{width}.png"
            shot.write_bytes(
                base64.b64decode(
                    tab.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
                )
            )
            bad = bad or bool(wrong)
    print(f"screenshots: {given.shots / page.stem}-*.png")
    sys.exit(bad)


if __name__ == "__main__":
    main()
