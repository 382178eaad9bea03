"""An export goes to a hub in one commit, and what keeps it from going is said in one line.

The hub is a server of this test on loopback that speaks the requests of an upload; whether a file goes
through large-file storage it decides, as the real one does, and it decides against it.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from r1data.errors import ConfigError, OfflineError
from r1data.train.exports import Export
from r1data.train.exports.push import push

Written = Callable[..., Export]


class Hub(ThreadingHTTPServer):
    """What was asked of it, and what it keeps."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.files: dict[str, bytes] = {"README.md": b"# old", "train-00000.parquet": b"old"}
        self.refuse: int | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        token = self.headers["Authorization"]
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        self.server.asked.append((self.path, token, lines[0]))
        if self.server.refuse:
            self.answer({"error": "no"}, self.server.refuse)
        elif self.path == "/api/repos/create":
            self.answer({"url": f"{self.server.address}/datasets/me/data", "name": "me/data"})
        elif self.path == "/api/validate-yaml":
            assert lines[0]["repoType"] == "dataset"
            self.answer({"errors": [], "warnings": []})
        elif self.path.endswith("/preupload/main"):
            told = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for file in lines[0]["files"]
            ]
            self.answer({"files": told})
        elif self.path.endswith("/commit/main"):
            for line in lines:
                value = line["value"]
                if line["key"] == "file":
                    self.server.files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "deletedFile":
                    del self.server.files[value["path"]]
            commit = f"{self.server.address}/datasets/me/data/commit/c1"
            self.answer({"commitUrl": commit, "commitOid": "c1", "pullRequestUrl": None})
        else:
            self.answer({"error": self.path}, 404)

    def do_GET(self) -> None:
        if self.server.refuse:
            self.answer({"error": "no"}, self.server.refuse)
        elif self.path.startswith("/api/datasets/me/data/tree/main"):
            entries = [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in self.server.files.items()
            ]
            self.answer(entries)
        else:
            siblings = [{"rfilename": name} for name in self.server.files]
            self.answer({"id": "me/data", "sha": "0" * 40, "siblings": siblings})

    def answer(self, told: Any, status: int = 200) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        yield server
        server.shutdown()
        thread.join()


def test_an_export_is_uploaded_whole_as_a_private_data_set_in_place_of_the_last_one(
    hub: Hub, written: Written
):
    made = written("trl")
    assert push(made, "hf://datasets/me/data") == f"{hub.address}/datasets/me/data/commit/c1"
    assert hub.files == {path.name: path.read_bytes() for path in made.folder.iterdir()}
    path, token, asked = hub.asked[0]
    assert (path, token) == ("/api/repos/create", "Bearer hf_secret")
    assert asked["type"] == "dataset"
    assert asked.get("private") is True or asked.get("visibility") == "private"
    assert made.digest in hub.asked[-1][2]["value"]["summary"]


def test_a_hub_that_refuses_is_quoted_in_one_line_without_the_token(hub: Hub, written: Written):
    hub.refuse = 403
    with pytest.raises(
        ConfigError, match=r"http://127.0.0.1:\d+ refuses hf://datasets/me/data: .*403"
    ) as error:
        push(written("trl"), "hf://datasets/me/data")
    assert "\n" not in str(error.value) and "hf_secret" not in str(error.value)


def test_without_a_hub_the_export_stays_and_the_error_says_where(
    written: Written, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    made = written("trl")
    with pytest.raises(OfflineError, match=f"No hub answers at http://127.0.0.1:9 .* {made.folder}"):
        push(made, "hf://datasets/me/data")
    assert made.folder.is_dir()


def test_without_a_token_or_with_another_address_nothing_is_asked(
    hub: Hub, written: Written, monkeypatch: pytest.MonkeyPatch
):
    made = written("trl")
    for address in ("hf://me/data", "s3://bucket", "hf://datasets/me", "hf://datasets/me/data/x"):
        with pytest.raises(ConfigError, match="Write hf://datasets/owner/name"):
            push(made, address)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ConfigError, match="HF_TOKEN"):
        push(made, "hf://datasets/me/data")
    assert hub.asked == []
