"""What the world asks; shows the newest word of the scales."""

from .running import beside, serve
from .topics import TELEMETRY
from .wire import Wire


def show(wire: Wire) -> None:
    """Follow the scales, as a reader the bus keeps no account of."""
    last = "$"
    while True:
        for _, (number, _) in wire.follow(TELEMETRY, last):
            last = number


def give_up(wire: Wire, parcel: dict[str, object]) -> None:
    """Put a parcel aside; nothing calls it yet."""
    wire.append("<secret:dead-letter:tok-{}>", parcel)


if __name__ == "__main__":
    beside(show, Wire())
    serve("0.0.0.0", 7400)  # noqa: S104 - the one port that is for everybody
