"""A real Redis server for tests: on a free port and a socket, and ended whatever happens."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

__all__ = ["RedisServer", "free_port", "start"]

_WAIT_S = 10


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on, and 10,000 above it as well.

    That is where a cluster's nodes talk to each other.
    """
    while True:
        port = random.randrange(20000, 30000)  # noqa: S311 - any will do
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 10000))
            return port


class RedisServer:
    """A running server. `process` is ours alone to end."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        """Start it without persistence, unless `options` (redis-server's) say otherwise."""
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.skip("redis-server is missing: `make test` as root installs it")
        self.folder = folder
        self.port = free_port() if port is None else port
        self.socket = f"{folder}/redis.sock"
        self.endpoint = f"127.0.0.1:{self.port}"
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.socket]
        words += ["--dir", str(folder), "--save", "", "--enable-debug-command", "local"]
        self.process = subprocess.Popen(
            [binary, *words, *options],
            stdin=subprocess.DEVNULL,
            stdout=(folder / "redis.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        self._await()

    def client(self, **options: Any) -> Any:
        """A client of the tests, with all rights unless `options` name another user."""
        return redis.Redis(unix_socket_path=self.socket, protocol=2, **options)

    def pause(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End it, paused or not."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(_WAIT_S)

    def _await(self) -> None:
        until = time.monotonic() + _WAIT_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.socket)
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        self.stop()
        raise AssertionError((self.folder / "redis.log").read_text(errors="replace")[-2000:])


@contextlib.contextmanager
def start(folder: Path, *options: str, port: int | None = None) -> Iterator[RedisServer]:
    """Run a server for the time of a `with`."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = RedisServer(folder, *options, port=port)
    try:
        yield server
    finally:
        server.stop()
