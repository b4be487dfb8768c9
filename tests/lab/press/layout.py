"""Lays out the pages of each order."""

from .bus import Bus, for_ever


def main(bus: Bus) -> None:
    """One page an order."""
    while True:
        for number, order in bus.take("press:orders", "layout", "layout-1"):
            bus.add("press:pages", "press-layout", order["job"])
            bus.done("press:orders", "layout", number)


if __name__ == "__main__":
    for_ever(main)
