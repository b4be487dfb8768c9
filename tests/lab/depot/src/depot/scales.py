"""Weighs, and says how the scales are."""

from .running import events
from .topics import TELEMETRY, WEIGHTS
from .wire import Wire

if __name__ == "__main__":
    wire = Wire()
    for event in events("depot-scales", 1):
        wire.append(TELEMETRY, event)
        wire.append(WEIGHTS, event)
