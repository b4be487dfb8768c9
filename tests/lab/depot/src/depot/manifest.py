"""Writes the manifests of lorries."""

from .running import events
from .topics import MANIFESTS
from .wire import Wire

if __name__ == "__main__":
    wire = Wire()
    for event in events("depot-manifest", 2):
        wire.append(MANIFESTS, event)
