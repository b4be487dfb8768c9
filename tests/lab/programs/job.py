"""Stands for a periodic job of the application: does its work and succeeds."""

import sys

print(f"{sys.argv[1]} done", flush=True)
