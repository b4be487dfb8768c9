"""A real HTTP server for tests, whose answers are chosen beforehand."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Answer", "HttpServer", "Request", "serving"]


@dataclass(frozen=True)
class Request:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A status with headers; `cut` closes the connection without a word.

    `reason` stands behind the status in place of its usual name.
    """

    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    reason: str | None = None


class HttpServer:
    """Takes requests: `always` answers a path so; `answers` come in turn, and then all is well."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[Answer] = []
        self.always: dict[str, Answer] = {}
        self.port = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        path = request.path.partition("?")[0]
        if path in self.always:
            return self.always[path]
        return self.answers.pop(0) if self.answers else Answer()


@contextlib.contextmanager
def serving(certificate: Path | None = None) -> Iterator[HttpServer]:
    """Run a server on a free port of the loopback address for the time of a `with`.

    With a certificate, a file that holds its key too, it speaks TLS.
    """
    known = HttpServer()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = known.answer(Request("PUT", self.path, dict(self.headers), body))
            if answer.cut:
                self.connection.close()
                return
            self.send_response(answer.status, answer.reason)
            for name, value in {"Content-Length": "0", **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        known.scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    known.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
