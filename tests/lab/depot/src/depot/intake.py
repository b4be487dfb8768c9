"""Takes parcels in, and asks for their labels."""

from .running import beside, events, say, serve
from .topics import INTAKE, LABELS
from .wire import Wire


def main() -> None:
    """Take in two parcels a second."""
    say("intake: open")
    beside(serve, "127.0.0.1", 7401)
    wire = Wire()
    for event in events("depot-intake", 0.5):
        wire.append(INTAKE, event)
        wire.append(LABELS, event)


if __name__ == "__main__":
    main()
