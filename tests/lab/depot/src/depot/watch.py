"""Looks after the gateway."""

import socket
import time

from .running import say

if __name__ == "__main__":
    while True:
        with socket.create_connection(("127.0.0.1", 7400)) as connection:
            say(f"gateway: {connection.recv(64)[9:12]!r}")
        time.sleep(20)
