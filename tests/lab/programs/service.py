"""Stands for a service of the application: starts, says so, and waits to be stopped.

With --listen=PORT it accepts connections and keeps them; with --connect=PORT it holds a connection
to that port of this host, and makes it anew when it is lost.
"""

import contextlib
import socket
import sys
import threading
import time

RETRY_SECONDS = 1


def listen(port: int) -> None:
    """Accept for ever; what was accepted stays open until the other side goes."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", port))  # noqa: S104 - a port the reference host shows to the world
    server.listen()
    while True:
        threading.Thread(target=drain, args=(server.accept()[0],), daemon=True).start()


def connect(port: int) -> None:
    """Hold a connection for ever."""
    while True:
        with contextlib.suppress(OSError):
            drain(socket.create_connection(("127.0.0.1", port)))
        time.sleep(RETRY_SECONDS)


def drain(connection: socket.socket) -> None:
    """Read until the other side closes."""
    with connection:
        while connection.recv(4096):
            pass


print(f"{sys.argv[1]} started", flush=True)
for argument in sys.argv[2:]:
    name, _, port = argument.partition("=")
    target = {"--listen": listen, "--connect": connect}[name]
    threading.Thread(target=target, args=(int(port),), daemon=True).start()
threading.Event().wait()
