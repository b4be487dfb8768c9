"""Prints the pages."""

from .bus import Bus, for_ever


def main(bus: Bus) -> None:
    """Print what was laid out."""
    while True:
        for number, page in bus.take("press:pages", "printer", "printer-1"):
            bus.add("press:printed", "press-printer", page["job"])
            bus.done("press:pages", "printer", number)


if __name__ == "__main__":
    for_ever(main)
