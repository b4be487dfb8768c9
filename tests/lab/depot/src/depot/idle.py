"""Stands for a service that waits for its hour: NAME."""

import sys
import threading

from .running import say

if __name__ == "__main__":
    say(f"{sys.argv[1]}: running")
    threading.Event().wait()
