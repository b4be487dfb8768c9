"""Takes returns."""

from .running import beside, events, serve
from .topics import RETURNS
from .wire import Wire

if __name__ == "__main__":
    beside(serve, "127.0.0.1", 7402)
    wire = Wire()
    for event in events("depot-returns", 2):
        wire.append(RETURNS, event)
