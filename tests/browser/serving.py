"""Servers on loopback for the browser: the page, and a proxy that counts who asks for other hosts."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.servers import running


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Yield the address under which `python -m http.server` would serve a folder."""
    with running(ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))) as address:
        yield f"http://{address}/"


class Proxy:
    """Gives nothing, and keeps what it was asked for.

    Attributes:
        address: host and port.
        asked: host and path, or host and port, of each request.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Serve until the end of the block."""
        asked = self.asked

        class Refusing(BaseHTTPRequestHandler):
            def refuse(self) -> None:
                asked.append(self.path)
                self.send_error(403)

            do_GET = do_POST = do_HEAD = do_CONNECT = refuse  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None: ...

        with running(ThreadingHTTPServer(("127.0.0.1", 0), Refusing)) as self.address:
            yield self
