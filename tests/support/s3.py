"""A real S3 API on the loopback interface: moto's server, which can be told to refuse or to be watched."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import boto3
from moto import settings
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.support.servers import running

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",  # a fault shows at once
}


@dataclass
class S3:
    """The server and what happens as files arrive."""

    endpoint: str = ""
    before_upload: Callable[[], object] = bool  # called as a file of DVC's begins to arrive

    def client(self) -> Any:
        """Return a client of the server, for what a test does behind DVC's back."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
        )


@contextmanager
def serve() -> Iterator[S3]:
    """Serve S3 in a thread on a free port of 127.0.0.1."""
    s3 = S3()
    moto, one_at_a_time = DomainDispatcherApplication(create_backend_app), Lock()  # moto is not thread-safe

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "PUT" and "/files/" in environ["PATH_INFO"]:
            s3.before_upload()
        with one_at_a_time:
            answer: Iterable[bytes] = moto(environ, start_response)
            return answer

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    with running(server) as address:
        s3.endpoint = f"http://{address}"
        yield s3


@contextmanager
def refusing_credentials() -> Iterator[None]:
    """Let the server check credentials, of which it knows none."""
    before = settings.INITIAL_NO_AUTH_ACTION_COUNT
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    try:
        yield
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before
