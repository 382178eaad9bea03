"""The part of Kubernetes' API that Jobs need, served from memory; tests play the scheduler and the nodes."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token of a test"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class Cluster:
    """Jobs and pods by name, the logs of pods, and why nothing is answered."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, dict[str, Any]] = {}
        self.logs: dict[str, str] = {}
        self.down: str | None = None

    def pod(self, job: str, n: int, **status: Any) -> None:
        """Let the n-th pod of a job stand as `status` says."""
        metadata = {
            "name": f"{job}-{n}",
            "labels": {"batch.kubernetes.io/job-name": job},
            "creationTimestamp": f"2026-01-01T00:00:{n:02}Z",
        }
        self.pods[metadata["name"]] = {"metadata": metadata, "status": status}

    def end(self, job: str, **condition: Any) -> None:
        """Let a job have ended."""
        self.jobs[job]["status"]["conditions"] = [{"status": "True", **condition}]

    def answer(self, verb: str, path: str, asked: dict[str, str], body: Any) -> tuple[int, Any]:
        """The status of HTTP and what is said."""
        if self.down:
            return 503, refusal(self.down)
        if found := re.fullmatch(r"/api/v1/namespaces/lab/pods(?:/([^/]+)/log)?", path):
            return self._log(found[1], asked) if found[1] else (200, listed(self.pods, asked))
        found = re.fullmatch(r"/apis/batch/v1/namespaces/lab/jobs(?:/([^/]+))?", path)
        if not found:
            return 403, refusal(f"cannot {verb} {path}")
        if verb == "POST":
            return self._made(body)
        if not found[1]:
            return 200, listed(self.jobs, asked)
        if found[1] not in self.jobs:
            return 404, refusal(f'jobs.batch "{found[1]}" not found')
        if verb == "DELETE":
            assert asked["propagationPolicy"] == "Foreground"
            self.pods.clear()
            return 200, self.jobs.pop(found[1])
        return 200, self.jobs[found[1]]

    def _made(self, job: dict[str, Any]) -> tuple[int, Any]:
        name = job["metadata"]["name"]
        if name in self.jobs:
            return 409, refusal(f'jobs.batch "{name}" already exists')
        told = broken(job)
        if told:
            return 422, refusal(told)
        self.jobs[name] = {**job, "status": {}}
        return 201, self.jobs[name]

    def _log(self, pod: str, asked: dict[str, str]) -> tuple[int, Any]:
        if pod not in self.logs:
            return 400, refusal(f'container "trainer" in pod "{pod}" is waiting to start')
        return 200, "".join(self.logs[pod].splitlines(True)[-int(asked["tailLines"]) :])


def broken(job: dict[str, Any]) -> str:
    """What the API would refuse in a Job, as far as it is looked at here; "" when it takes it."""
    from kubernetes.client import V1Job

    read = V1Job.from_dict(job)
    if read is None or read.model_dump(by_alias=True, exclude_none=True) != job:
        return "unknown field"
    pod, labels = job["spec"]["template"]["spec"], job["metadata"]["labels"]
    if not NAME.fullmatch(job["metadata"]["name"]) or not all(map(LABEL.fullmatch, labels.values())):
        return "invalid name or label"
    if pod["restartPolicy"] != "Never":
        return "a podFailurePolicy needs restartPolicy Never"
    (container,) = pod["containers"]
    mounts, volumes = (
        {one["name"] for one in found} for found in (container["volumeMounts"], pod["volumes"])
    )
    if mounts != volumes:
        return "a mount without its volume"
    needs = container["resources"]
    extended = {name for name in needs["limits"] if "/" in name}
    if any(needs["requests"].get(name) != needs["limits"][name] for name in extended):
        return "an extended resource's limit differs from its request"
    return ""


def listed(found: dict[str, dict[str, Any]], asked: dict[str, str]) -> dict[str, Any]:
    """Those with all labels that are asked for."""
    wanted = dict(pair.split("=") for pair in asked["labelSelector"].split(","))
    items = [one for one in found.values() if wanted.items() <= one["metadata"]["labels"].items()]
    return {"items": items, "metadata": {}}


def refusal(message: str) -> dict[str, Any]:
    """How the API says no."""
    return {"kind": "Status", "status": "Failure", "message": message}


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """Serve a cluster on this machine; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            asked = {name: values[-1] for name, values in parse_qs(place.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            code, said = cluster.answer(self.command, place.path, asked, body)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                code, said = 401, refusal("Unauthorized")
            kind = "text/plain" if isinstance(said, str) else "application/json"
            content = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
