"""One sorting lane."""

import sys

from .running import consume, say
from .topics import INTAKE, SORTED
from .wire import Wire


def main(lane: str) -> None:
    """Sort what comes in, for ever."""
    say(f"lane {lane}: running")
    wire = Wire()

    def sort(parcel: dict[str, object]) -> None:
        wire.append(SORTED, {**parcel, "origin": "parcel-lane", "lane": lane})

    consume("lanes", f"lane-{lane}", INTAKE, work=sort)


if __name__ == "__main__":
    main(sys.argv[1])
