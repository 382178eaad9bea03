"""A finished night, Dagster's pages over it, and a browser to look at them and to press their buttons."""

import base64
import html
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from r1data.lake import Lake

PROJECT = Path(__file__).resolve().parents[2]
START_S = 180
PAGE_S = 60
Shows = Callable[[list[str]], bool]


@pytest.fixture(scope="session")
def browser() -> str:
    """The Chromium of this machine."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or pytest.skip("no Chromium on this machine (Debian: apt install chromium)")


@pytest.fixture(scope="session")
def finished_night(browser: str, finished_home: dict[str, str]) -> dict[str, str]:
    """The environment of a Dagster home and a lake with one finished night."""
    return os.environ | finished_home


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
    pytest.fail(f"The webserver did not answer: {log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def pages(finished_night: dict[str, str]) -> Iterator[str]:
    """The address of Dagster's webserver."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["-h", "127.0.0.1", "-p", str(port), "-w", "workspace.yaml"]
    log = Path(finished_night["DAGSTER_HOME"]) / "webserver.log"
    with log.open("wb") as talk:
        command = [sys.executable, "-m", "dagster_webserver", *words]
        server = subprocess.Popen(command, cwd=PROJECT, env=finished_night, stdout=talk, stderr=talk)
        try:
            wait_until_it_answers(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=60)


@pytest.fixture
def text_of(pages: str, tab: "Tab") -> Callable[[str, Shows], list[str]]:
    """A function: the pieces of text on one of Dagster's pages, once they are as awaited or a minute has
    passed.
    """

    def look(path: str, awaited: Shows) -> list[str]:
        end = time.monotonic() + PAGE_S
        tab.size(1600, 4000)
        tab.open(pages + path)
        while True:
            page = tab.run("document.documentElement?.outerHTML || ''")
            body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
            pieces = [html.unescape(piece).strip() for piece in re.split(r"<[^>]*>", body)]
            if awaited(pieces) or time.monotonic() > end:
                return [piece for piece in pieces if piece]
            time.sleep(0.2)

    return look


@pytest.fixture(scope="module")
def app_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, str]], str]]:
    """A function: starts `r1data app` in an environment, once for a file of tests, and gives its address."""
    port = _free_port()
    url, log = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("app") / "app.log"
    servers: list[subprocess.Popen[bytes]] = []

    def start(environment: dict[str, str]) -> str:
        command = [sys.executable, "-m", "r1data", "app", "--port", str(port)]
        with log.open("wb") as talk:
            servers.append(subprocess.Popen(command, env=environment, stdout=talk, stderr=talk))
        end = time.monotonic() + START_S
        while True:
            assert servers[0].poll() is None and time.monotonic() < end, log.read_text()
            try:
                urllib.request.urlopen(url, timeout=5).close()
                return url
            except OSError:
                time.sleep(0.2)

    yield start
    for server in servers:
        server.terminate()
        server.wait(timeout=60)


@pytest.fixture(scope="module")
def review_lake(lake_to_review: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The copy of `lake_to_review` that a file of tests has for its app."""
    return Lake(shutil.copytree(lake_to_review, tmp_path_factory.mktemp("app") / "review lake"))


@pytest.fixture(scope="module")
def page(review_lake: Lake, app_over: Callable[[dict[str, str]], str]) -> str:
    """The address of `r1data app` over a lake with six rollouts."""
    return app_over(os.environ | {"R1DATA_LAKE": review_lake.root})


class DevTools:
    """Commands to Chromium (https://chromedevtools.github.io/devtools-protocol/)."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(timeout=PAGE_S))
            if told.get("id") == number:
                assert "error" not in told, told
                return told["result"]
            self._note(told.get("method"), told.get("params", {}))

    def _note(self, event: str | None, params: dict[str, Any]) -> None:
        """What Chromium tells unasked."""


class Tab(DevTools):
    """One tab: what it asked for, what went wrong in it, and a person's hands."""

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__(socket)
        self.requested: list[str] = []
        self.problems: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def _note(self, event: str | None, params: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        if event == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(params["exceptionDetails"])[:500])
        if event == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PAGE_S
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < end, f"{script} stayed false; the page shows: {self.text('body')}"
            time.sleep(0.05)

    def text(self, selector: str) -> str:
        """What an element shows; empty without one."""
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText || ''")

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)

    def size(self, width: int, height: int) -> None:
        phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=phone,
        )  # fmt: skip

    def click(self, selector: str, *, count: int = 1) -> None:
        """Press the mouse in the middle of an element; 2 is the second press of a double click."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.wait(f"{find}?.offsetParent != null")
        box = self.run(
            f"{find}.scrollIntoView({{block: 'nearest'}}), {find}.getBoundingClientRect().toJSON()"
        )
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=count, **point)

    def press(self, key: str, *, control: bool = False) -> None:
        """Press and release a key, perhaps with Ctrl."""
        written = "\r" if key == "Enter" else key
        more: dict[str, Any] = {"text": written} if len(written) == 1 and not control else {}
        if key == "Enter":
            more |= {"code": key, "windowsVirtualKeyCode": 13}
        if control:
            more |= {"modifiers": 2}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def write(self, selector: str, text: str) -> None:
        """Put a text in the place of what a field holds, as typing does."""
        self.click(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.send("Input.insertText", text=text)

    def picture(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


@pytest.fixture(scope="session")
def chromium(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A headless Chromium: the address of its DevTools."""
    profile = tmp_path_factory.mktemp("profile")
    # Chromium's own sandbox does not start for root; the only pages opened are ours.
    words = ["--headless", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
    words += ["--remote-debugging-port=0", "--disable-background-networking", "about:blank"]
    process = subprocess.Popen([browser, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _address(profile / "DevToolsActivePort", process)
    finally:
        process.terminate()
        process.wait(timeout=PAGE_S)


@pytest.fixture
def tab(chromium: str) -> Iterator[Tab]:
    """One tab of the Chromium, in a profile of its own: it stores nothing that another test's tab reads."""
    with connect(chromium) as socket:
        devtools = DevTools(socket)
        profile = devtools.send("Target.createBrowserContext")
        target = devtools.send("Target.createTarget", url="about:blank", **profile)["targetId"]
        url = f"{chromium.partition('/devtools/')[0]}/devtools/page/{target}"
        try:
            # Chromium is read as fast as it talks: a queue that is full would hold up the end.
            with connect(url, max_size=None, max_queue=None) as own:
                yield Tab(own)
        finally:
            devtools.send("Target.disposeBrowserContext", **profile)


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + PAGE_S
    while not (file.exists() and file.read_text().count("/")):
        assert process.poll() is None and time.monotonic() < end, "Chromium did not start"
        time.sleep(0.05)
    port, path = file.read_text().split()
    return f"ws://127.0.0.1:{port}{path}"
