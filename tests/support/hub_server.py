"""A stand-in for the Hugging Face Hub on the loopback interface, with the faults that a real one has.

By hand, for a real run of the pipeline without the internet:

    python -m tests.support.hub_server fer2013.csv.zip --port 8000
    HF_ENDPOINT=http://127.0.0.1:8000 dvc repro
"""

import argparse
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Literal
from urllib.parse import unquote

from tests.support.servers import running

REPO = "chitradrishti/fer2013"
REVISION = "main"
PIECES, PAUSE = 6, 0.25  # of a slow answer, and the seconds between them

Fault = Literal[
    "none",
    "unavailable",  # 503 to everything
    "plain 404",  # no X-Error-Code, as from a server that is no hub
    "no metadata",  # 200 without the headers of a hub
    "truncated",  # half of every answer, then the connection closes; Range is honoured
    "truncated once",  # the first answer alone
    "truncated once, no range",  # the same, and the next starts over
    "slow",  # the body comes in pieces, and takes longer than the client waits for a piece
    "huge",  # more bytes are declared than any CSV of faces has
    "garbage",  # other bytes of the same size
    "garbage once",  # the same, to the first download only
    "stalled",  # the body never comes
    "silent",  # not even the headers come
]


@dataclass
class Request:
    """What the client sent."""

    method: str
    path: str
    authorization: str | None
    range: str | None


@dataclass
class Hub:
    """One dataset and what is wrong with it."""

    files: dict[str, bytes]
    repo: str = REPO
    revision: str = REVISION
    token: str | None = None  # a private dataset: who does not send it sees nothing
    gated: bool = False  # a token is not enough, the terms must be accepted
    fault: Fault = "none"
    requests: list[Request] = field(default_factory=list)
    endpoint: str = ""
    closing: Event = field(default_factory=Event)

    def asked(self, method: str) -> list[Request]:
        """Return the requests of one method for files; the library also asks for other things."""
        return [
            request for request in self.requests if request.method == method and "/resolve/" in request.path
        ]


class Handler(BaseHTTPRequestHandler):
    """HEAD and GET of a file of a dataset, and the list of all, as huggingface_hub asks for them."""

    hub: Hub
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        hub = self.hub
        path = unquote(self.path.partition("?")[0])
        hub.requests.append(
            Request(self.command, path, self.headers.get("Authorization"), self.headers.get("Range"))
        )
        wanted = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        listed = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/tree/([^/]+)", path)
        authorized = hub.token is None or self.headers.get("Authorization") == f"Bearer {hub.token}"
        if hub.fault == "silent" and wanted:
            hub.closing.wait()
            self.close_connection = True
        elif hub.fault == "unavailable":
            self.refuse(503, "")
        elif hub.fault == "plain 404":
            self.refuse(404, "")
        elif listed and (listed[1], listed[2]) == (hub.repo, hub.revision) and authorized:
            self.list_files()
        elif wanted is None:
            self.refuse(404, "NotFound")
        elif wanted[1] != hub.repo or not authorized:
            self.refuse(404 if self.headers.get("Authorization") else 401, "RepoNotFound")
        elif hub.gated:
            self.refuse(403, "GatedRepo")
        elif wanted[2] != hub.revision:
            self.refuse(404, "RevisionNotFound")
        elif wanted[3] not in hub.files:
            self.refuse(404, "EntryNotFound")
        else:
            self.serve(hub.files[wanted[3]])

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def list_files(self) -> None:
        files = [
            {"type": "file", "path": name, "oid": "0" * 40, "size": len(content)}
            for name, content in self.hub.files.items()
        ]
        body = json.dumps(files).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self, content: bytes) -> None:
        hub = self.hub
        etag = hashlib.sha256(content).hexdigest()
        start = self.start_of_range() if hub.fault != "truncated once, no range" else 0
        self.send_response(206 if start else 200)
        if hub.fault != "no metadata":
            self.send_header("ETag", f'"{etag}"')
            self.send_header("X-Repo-Commit", etag[:40])
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(1 << 40 if hub.fault == "huge" else len(content) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        body = content[start:]
        first = len(hub.asked("GET")) == 1
        if hub.fault == "garbage" or (hub.fault == "garbage once" and first):
            body = bytes(len(body))
        if hub.fault == "truncated" or (hub.fault.startswith("truncated once") and first):
            body = body[: len(body) // 2]
            self.close_connection = True
        if hub.fault == "stalled":
            hub.closing.wait()
            self.close_connection = True
            return
        if hub.fault == "slow":
            for place in range(0, len(body), len(body) // PIECES):
                self.wfile.write(body[place : place + len(body) // PIECES])
                hub.closing.wait(PAUSE)
            return
        self.wfile.write(body)

    def start_of_range(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else 0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: requests are in `hub.requests`."""


@contextmanager
def serve(hub: Hub, port: int = 0) -> Iterator[Hub]:
    """Serve `hub` in a thread on 127.0.0.1, on a free port by default; `hub.endpoint` says where."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("HandlerOfHub", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    with running(server) as address:
        hub.endpoint = f"http://{address}"
        try:
            yield hub
        finally:
            hub.closing.set()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        prog="python -m tests.support.hub_server",
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--repo", default=REPO)
    parser.add_argument("--revision", default=REVISION)
    arguments = parser.parse_args()
    files = {path.name: path.read_bytes() for path in arguments.files}
    with serve(Hub(files, arguments.repo, arguments.revision), arguments.port) as hub:
        print(f"HF_ENDPOINT={hub.endpoint}  (Ctrl-C ends it)", flush=True)
        try:
            Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
