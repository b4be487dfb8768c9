"""Stands for a service of the application: starts, says so, and waits to be stopped."""

import signal
import sys

print(f"{sys.argv[1]} started", flush=True)
signal.pause()
