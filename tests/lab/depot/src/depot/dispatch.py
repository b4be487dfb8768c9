"""Sends parcels off."""

from .running import events
from .topics import DISPATCHED
from .wire import Wire

if __name__ == "__main__":
    wire = Wire()
    for event in events("depot-dispatch", 2):
        wire.append(DISPATCHED, event)
