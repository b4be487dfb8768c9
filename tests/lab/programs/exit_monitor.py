"""Stands for a service that dies of the same fault each time: it lives half a minute, exits 1."""

import sys
import time

LIFE_SECONDS = 30

print(f"{sys.argv[1]} started", flush=True)
time.sleep(LIFE_SECONDS)
sys.exit("no position snapshot received, giving up")
