"""Bills what was printed."""

from .bus import Bus, for_ever


def main(bus: Bus) -> None:
    """Bill it."""
    while True:
        for number, _ in bus.take("press:printed", "billing", "billing-1"):
            bus.done("press:printed", "billing", number)


if __name__ == "__main__":
    for_ever(main)
