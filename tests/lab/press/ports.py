"""Ports of the shop: `python -m press.ports ADDRESS PORT` holds one."""

import signal
import socket
import sys
import threading
from collections.abc import Callable

_open: list[socket.socket] = []


def serve(address: str, port: int) -> None:
    """Answer every connection with one line, until the port is closed."""
    with socket.create_server((address, port)) as server:
        _open.append(server)
        while True:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nup\n")


def close_on_signal() -> None:
    """Close the ports at a SIGUSR1: the shop is shut, and works on."""

    def close(*_: object) -> None:
        for server in _open:
            server.shutdown(socket.SHUT_RDWR)

    signal.signal(signal.SIGUSR1, close)


def beside(target: Callable[..., None], *arguments: object) -> None:
    """Do something in a thread of its own."""
    threading.Thread(target=target, args=arguments, daemon=True).start()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
