"""A stand-in for the Hugging Face Hub on the loopback interface that takes uploads, as one user's.

It answers what huggingface_hub asks: a repository is made, the card is judged, large files go to the LFS
store, small ones into the commit. It has no Xet, which HF_HUB_DISABLE_XET switches off.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.servers import running

LARGE = 1000  # bytes, from which on a file goes to the LFS store


@dataclass
class UploadHub:
    """What the Hub holds.

    Attributes:
        token: the only one that it accepts.
        owner: whose token it is; under other names it may not write.
        refuses_card: whether it finds fault with every card.
        repos: the files of each repository by "models/OWNER/NAME" or "spaces/OWNER/NAME".
        created: what was asked of it when a repository was made.
        messages: of the commits.
        stored: the large files, by their SHA-256.
        requests: method and path of each request.
    """

    token: str = "hf_right"
    owner: str = "somebody"
    refuses_card: bool = False
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    created: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""


class Handler(BaseHTTPRequestHandler):
    """Each request is answered by the method that its path names."""

    hub: UploadHub
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        path, body = self.path.partition("?")[0], self.body()
        self.hub.requests.append(f"POST {path}")
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self.answer(401, {"error": "Invalid username or password."})
        elif path == "/api/repos/create":
            self.create(json.loads(body))
        elif path == "/api/validate-yaml":
            fault = [{"message": "license is unknown"}] if self.hub.refuses_card else []
            self.answer(400 if fault else 200, {"errors": fault, "warnings": []})
        elif re.fullmatch(r"/api/(models|spaces)/[^/]+/[^/]+/preupload/main", path):
            self.answer(200, {"files": [self.way(**file) for file in json.loads(body)["files"]]})
        elif path.endswith(".git/info/lfs/objects/batch"):
            objects = [self.place(**wanted) for wanted in json.loads(body)["objects"]]
            self.answer(200, {"transfer": "basic", "objects": objects})
        elif found := re.fullmatch(r"/api/((?:models|spaces)/[^/]+/[^/]+)/commit/main", path):
            self.commit(found[1], [json.loads(line) for line in body.splitlines()])
        else:
            self.answer(404, {"error": "Not Found"})

    def do_PUT(self) -> None:
        body, digest = self.body(), self.path.removeprefix("/store/")
        self.hub.requests.append(f"PUT {self.path}")
        whole = hashlib.sha256(body).hexdigest() == digest
        if whole:
            self.hub.stored[digest] = body
        self.answer(200 if whole else 400, {})

    def create(self, wanted: dict[str, Any]) -> None:
        kind, owner = wanted["type"], wanted["organization"]
        if owner != self.hub.owner:
            self.answer(403, {"error": f"You don't have the rights to create a {kind} under {owner}"})
            return
        name = f"{kind}s/{owner}/{wanted['name']}"
        url = {"url": f"{self.hub.endpoint}/{name.removeprefix('models/')}"}
        known = name in self.hub.repos
        if not known:
            self.hub.created.append(wanted)
            self.hub.repos[name] = {}
        self.answer(409 if known else 200, url)

    def way(self, path: str, size: int, **_: str) -> dict[str, Any]:
        return {"path": path, "uploadMode": "lfs" if size >= LARGE else "regular", "shouldIgnore": False}

    def place(self, oid: str, size: int) -> dict[str, Any]:
        upload = {"upload": {"href": f"{self.hub.endpoint}/store/{oid}"}}
        return {"oid": oid, "size": size} | ({} if oid in self.hub.stored else {"actions": upload})

    def commit(self, repo: str, lines: list[dict[str, Any]]) -> None:
        files = self.hub.repos[repo]
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.hub.messages.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            else:
                files[value["path"]] = self.hub.stored[value["oid"]]
        number = f"{len(self.hub.messages):040x}"
        url = f"{self.hub.endpoint}/{repo.removeprefix('models/')}/commit/{number}"
        self.answer(200, {"success": True, "commitOid": number, "commitUrl": url})

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: requests are in `hub.requests`."""


@contextmanager
def serve_uploads(hub: UploadHub) -> Iterator[UploadHub]:
    """Serve `hub` in a thread on a free port of 127.0.0.1; `hub.endpoint` says where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HandlerOfHub", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    with running(server) as address:
        hub.endpoint = f"http://{address}"
        yield hub
