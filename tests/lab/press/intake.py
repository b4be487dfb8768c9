"""Takes orders in, for ever."""

import itertools
import time

from .bus import Bus, for_ever
from .ports import beside, close_on_signal, serve


def main(bus: Bus) -> None:
    """Take in four orders a second."""
    for number in itertools.count(1):
        bus.add("press:orders", "press-intake", number)
        time.sleep(0.25)


if __name__ == "__main__":
    close_on_signal()
    beside(serve, "0.0.0.0", 7501)  # noqa: S104 - the shop is open to all
    for_ever(main)
