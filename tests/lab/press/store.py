"""Keeps what the desk needs, by a catalogue that seldom changes."""

from .bus import Bus, for_ever
from .ports import beside, serve


def main(bus: Bus) -> None:
    """Follow the catalogue."""
    while True:
        for number, _ in bus.take("press:catalogue", "store", "store-1"):
            bus.done("press:catalogue", "store", number)


if __name__ == "__main__":
    beside(serve, "127.0.0.1", 7502)
    for_ever(main)
