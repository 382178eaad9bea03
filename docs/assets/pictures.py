"""The documentation's pictures, taken from pages that `make ui` serves.

    .venv/bin/python docs/assets/pictures.py http://127.0.0.1:3000

Some pictures need a click, so Chromium is driven by its DevTools protocol, over the pipe that
`--remote-debugging-pipe` opens: file descriptors 3 and 4, JSON messages that end in a zero byte
(https://chromedevtools.github.io/devtools-protocol).
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

SIZE = {"width": 1600, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
PATIENCE_S = 60
CLICK = """[...document.querySelectorAll('button, a, [role=button]')]
    .filter(e => e.innerText.trim() === %s).slice(0, 1).map(e => e.click()).length"""


@dataclass(frozen=True)
class Picture:
    """One page, what must stand on it, and what is clicked before."""

    path: str
    shows: str
    """Text that the page has once it is complete."""
    clicks: tuple[str, ...] = ()
    """Labels of buttons, clicked in this order."""


PICTURES = {
    "lineage.png": Picture(
        "/assets/corpus?view=lineage&lineageScope=neighbors&lineageDepth=9", "corpus", ("Hide navigation",)
    ),
    "corpus.png": Picture("/assets/corpus?view=overview", "Metadata"),
    "corpus-plots.png": Picture("/assets/corpus?view=overview", "Metadata", ("Plots",)),
}


@dataclass
class Page:
    """A tab of a headless Chromium."""

    to: IO[bytes]
    back: IO[bytes]
    session: str | None = None
    sent: int = field(default=0)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its result; raises RuntimeError with the browser's reason."""
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": params}
        self.to.write(
            json.dumps(message | ({"sessionId": self.session} if self.session else {})).encode() + b"\0"
        )
        self.to.flush()
        while True:
            reply = self._receive()
            if reply.get("id") == self.sent:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']['message']}")
                return reply["result"]

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression on the page."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def until(self, script: str, what: str) -> None:
        """Wait until an expression is true; raises TimeoutError that says what is missing."""
        end = time.monotonic() + PATIENCE_S
        while not self.evaluate(script):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not appear within {PATIENCE_S} s.")
            time.sleep(0.2)

    def _receive(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self.back.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("Chromium ended.")
            text += byte
        return json.loads(text)


@contextmanager
def chromium() -> Iterator[Page]:
    """A tab of a new Chromium with its own empty profile."""
    from_us, ours_out = os.pipe()
    ours_in, to_us = os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        # The sandbox does not start for root; only pages of this machine are opened.
        words = ["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
        launch = [
            "bash",
            "-c",
            f'exec chromium "$@" 3<&{from_us} 4>&{to_us}',
            "-",
            *words,
            f"--user-data-dir={profile}",
        ]
        browser = subprocess.Popen(launch, pass_fds=(from_us, to_us), stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        with os.fdopen(ours_out, "wb") as to, os.fdopen(ours_in, "rb") as back:
            page = Page(to, back)
            target = page.call("Target.createTarget", url="about:blank")["targetId"]
            page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            page.call("Emulation.setDeviceMetricsOverride", **SIZE)
            try:
                yield page
            finally:
                browser.terminate()
                browser.wait()


def take(page: Page, url: str, picture: Picture, path: Path) -> None:
    """Open the page, click, wait until nothing moves, and write a PNG."""
    page.call("Page.navigate", url=url + picture.path)
    page.until(
        f"document.body?.innerText.includes({json.dumps(picture.shows)})",
        f"{picture.shows} on {picture.path}",
    )
    for label in picture.clicks:
        page.until(CLICK % json.dumps(label), f"The button {label} on {picture.path}")
    time.sleep(4)  # graphs move into place, and nothing says when they have
    path.write_bytes(base64.b64decode(page.call("Page.captureScreenshot")["data"]))


def main(url: str) -> None:
    """Take every picture and print where it is."""
    with chromium() as page:
        for name, picture in PICTURES.items():
            path = Path(__file__).with_name(name)
            take(page, url.rstrip("/"), picture, path)
            print(path, path.stat().st_size)


if __name__ == "__main__":
    main(*sys.argv[1:])
