"""A finished night, Dagster's pages over it, and a browser to look at them."""

import html
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

import pytest

PROJECT = Path(__file__).resolve().parents[2]
START_S = 180
PAGE_S = 60


@pytest.fixture(scope="session")
def browser() -> str:
    """The Chromium of this machine."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or pytest.skip("no Chromium on this machine (Debian: apt install chromium)")


@pytest.fixture(scope="session")
def finished_night(browser: str, finished_home: dict[str, str]) -> dict[str, str]:
    """The environment of a Dagster home and a lake with one finished night."""
    return os.environ | finished_home


def free_port() -> int:
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
    port = free_port()
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


@pytest.fixture(scope="session")
def text_of(
    browser: str, pages: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], list[str]]:
    """A function: the pieces of text on a page, once `awaited` is among them or a minute has passed."""
    profile = tmp_path_factory.mktemp("profile")
    # Chromium's own sandbox does not start for root; the only pages opened are ours.
    words = ["--headless", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
    words += ["--window-size=1600,4000", "--virtual-time-budget=20000", "--dump-dom"]

    def look(path: str, awaited: str) -> list[str]:
        end = time.monotonic() + PAGE_S
        while True:
            seen = subprocess.run(
                [browser, *words, pages + path], capture_output=True, text=True, timeout=PAGE_S
            )
            body = re.sub(r"<(script|style)\b.*?</\1>", "", seen.stdout, flags=re.DOTALL)
            pieces = [html.unescape(piece).strip() for piece in re.split(r"<[^>]*>", body)]
            if awaited in pieces or time.monotonic() > end:
                return [piece for piece in pieces if piece]

    return look
