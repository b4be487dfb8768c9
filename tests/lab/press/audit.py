"""Writes down each order."""

from .bus import Bus, for_ever


def main(bus: Bus) -> None:
    """Read them as a group of its own."""
    while True:
        for number, _ in bus.take("press:orders", "audit", "audit-1"):
            bus.done("press:orders", "audit", number)


if __name__ == "__main__":
    for_ever(main)
