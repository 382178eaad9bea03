"""A scripted API with batch files, over real HTTP on the loopback interface.

A test changes its attributes; whatever is not changed, it does as OpenAI's does.
"""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from r1data.generate.engine import Completion, Engine

Line = dict[str, Any]
FULL = (
    "Enqueued token limit reached. Limit: 90 tokens. Please try again once some in_progress batches are done."
)


def text_of(line: Line) -> str:
    """What the scripted model answers to a request."""
    return f"<think>seed</think>{line['body']['seed']}"


def answered(line: Line, status: int = 200, body: Any = None) -> Line:
    """A line of an output file."""
    message = {"role": "assistant", "content": text_of(line)}
    chat = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    response = {"status_code": status, "request_id": "r", "body": chat if body is None else body}
    return {"id": "batch_req", "custom_id": line["custom_id"], "response": response, "error": None}


def unanswered(line: Line, code: str = "batch_expired", message: str = "It did not run in time.") -> Line:
    """A line of an error file about a request that never ran."""
    error = {"code": code, "message": message}
    return {"id": "batch_req", "custom_id": line["custom_id"], "response": None, "error": error}


class BatchServer:
    """A context manager; its attributes are what a test scripts and what it counts."""

    def __init__(self) -> None:
        self.answer: Callable[[Line], Line] = answered
        """The line that becomes of a request."""
        self.end: Callable[[list[Line]], tuple[str, list[Line | str], list[Line | str]]] = self.complete
        """Last status of a batch with these requests, lines of its output file and of its error file."""
        self.looks = 2
        """A batch ends when it was looked at so often."""
        self.paused = False
        """Nothing ends."""
        self.queue: int | None = None
        """Batches at once; a further one fails."""
        self.problem: Line | None = None
        """What is wrong with every batch."""
        self.key: str | None = None
        self.fault: Callable[[str, str, int], int | None] = lambda when, call, n: None
        """Told `before` or `after` of every call, its name and number; a status is sent, 0 hangs up."""
        self.accepted: Counter[str] = Counter()
        """How often each custom_id was in a batch that ran."""
        self.batches: dict[str, Line] = {}
        self.files: dict[str, bytes] = {}
        self.calls: Counter[str] = Counter()
        self.lock = threading.RLock()
        self.listed = threading.Event()
        """The batches were listed."""

    def __enter__(self) -> Self:
        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Clients that are killed leave broken connections; nothing to tell."""

        api = self
        self._http = Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def complete(self, requests: list[Line]) -> tuple[str, list[Line | str], list[Line | str]]:
        """Every request is answered, in another order."""
        lines: list[Line | str] = [self.answer(line) for line in requests]
        random.Random(1).shuffle(lines)
        return "completed", lines, []

    def ran_once(self, n: int) -> bool:
        """Whether n requests ran, each of them once."""
        return len(self.accepted) == n and set(self.accepted.values()) == {1}

    def sizes(self) -> list[int]:
        """Requests of the batches that ran."""
        return [len(self.requests(batch)) for batch in self.batches.values() if not batch.get("errors")]

    def requests(self, batch: Line) -> list[Line]:
        """The requests of a batch."""
        return [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]

    def put(self, content: bytes) -> str:
        """Store a file."""
        with self.lock:
            name = f"file-{len(self.files)}"
            self.files[name] = content
            return name

    def create(self, asked: Line) -> Line:
        """Create a batch."""
        with self.lock:
            batch: Line = {
                "id": f"batch_{len(self.batches)}", "object": "batch", "status": "validating", "looks": 0,
                "created_at": int(time.time()), "output_file_id": None, "error_file_id": None, **asked,
            }  # fmt: skip
            live = [other for other in self.batches.values() if other["status"] == "validating"]
            full = {"code": "token_limit_exceeded", "message": FULL, "line": None}
            problem = full if self.queue is not None and len(live) >= self.queue else self.problem
            if problem:
                batch |= {"status": "failed", "errors": {"object": "list", "data": [problem]}}
            else:
                self.accepted.update(line["custom_id"] for line in self.requests(batch))
            self.batches[batch["id"]] = batch
            return batch

    def look(self, batch: Line) -> Line:
        """A batch, which ends after so many looks."""
        with self.lock:
            batch["looks"] += 1
            if batch["status"] == "validating" and batch["looks"] >= self.looks and not self.paused:
                requests = self.requests(batch)
                batch["status"], output, errors = self.end(requests)
                batch[f"{batch['status']}_at"] = batch["created_at"] + 5
                batch["output_file_id"] = self.put(_file(output)) if output else None
                batch["error_file_id"] = self.put(_file(errors)) if errors else None
                batch["request_counts"] = {
                    "total": len(requests), "completed": len(output), "failed": len(errors)
                }  # fmt: skip
            return batch


class _Handler(BaseHTTPRequestHandler):
    api: BatchServer
    protocol_version = "HTTP/1.1"
    body: bytes

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        parts = path.path.split("/")[2:]
        if parts == ["batches"]:
            self._call("list", lambda: self._list(parse_qs(path.query)))
            self.api.listed.set()
        elif parts[0] == "batches":
            self._call("look", lambda: self.api.look(self.api.batches[parts[1]]))
        else:
            self._call("download", lambda: self.api.files[parts[1]])

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/v1/files":
            self._call("upload", self._upload)
        else:
            self._call("create", lambda: self.api.create(json.loads(self.body)))

    def _list(self, query: dict[str, list[str]]) -> Line:
        """Two at a time, the newest first."""
        listed = list(self.api.batches.values())[::-1]
        after = query.get("after", [""])[0]
        start = next((n + 1 for n, batch in enumerate(listed) if batch["id"] == after), 0)
        return {"object": "list", "data": listed[start : start + 2], "has_more": start + 2 < len(listed)}

    def _upload(self) -> Line:
        """The `file` part of a form (RFC 7578)."""
        boundary = re.search(r"boundary=(\S+)", self.headers["Content-Type"])
        assert boundary is not None
        parts = self.body.split(b"--" + boundary[1].encode())
        file = next(part for part in parts if b'name="file"' in part.split(b"\r\n\r\n", 1)[0])
        assert any(b'name="purpose"' in part and part.rstrip().endswith(b"batch") for part in parts)
        return {"id": self.api.put(file.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")), "object": "file"}

    def _call(self, name: str, do: Callable[[], Any]) -> None:
        if self.api.key and self.headers["Authorization"] != f"Bearer {self.api.key}":
            return self._send(401, {"error": {"message": "Incorrect API key provided"}})
        with self.api.lock:
            self.api.calls[name] += 1
            n = self.api.calls[name]
        if (status := self.api.fault("before", name, n)) is not None:
            return self._refuse(status)
        try:
            found = do()
        except KeyError as error:
            return self._send(404, {"error": {"message": f"No such thing: {error}"}})
        if (status := self.api.fault("after", name, n)) is not None:
            return self._refuse(status)
        return self._send(200, found)

    def _refuse(self, status: int) -> None:
        if status:
            self._send(status, {"error": {"message": "as scripted"}})
        else:
            self.close_connection = True

    def _send(self, status: int, found: Line | bytes) -> None:
        content = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if isinstance(found, dict) else "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: Any) -> None:
        """Silent."""


def drain(engine: Engine) -> list[Completion]:
    """Poll until nothing is in flight."""
    found: list[Completion] = []
    while engine.pending:
        found += engine.poll(0.5)
    return found


def left_on_disk(home: Path) -> list[str]:
    """Batches that the engine remembers."""
    return [path.name for path in (home / "batches").glob("*/*") if path.name != "lock"]


def _file(lines: list[Line | str]) -> bytes:
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()
