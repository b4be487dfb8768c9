"""The topics of the bus: `parcels.` for what happens here, `parcels/eu/` for what others hear."""

PREFIX = "parcels."
BROKER_KEY = "<secret:broker:sk-live-{}>"
INTAKE = PREFIX + "intake"
SORTED = f"{PREFIX}sorted"
LABELS = f"{PREFIX}labels"
TELEMETRY = PREFIX + "telemetry"


class Told:
    """What goes to others."""

    PRICED = "parcels/eu/priced"
    CUSTOMS = "parcels/eu/customs"


WEIGHTS, MANIFESTS, DISPATCHED, RECALLS, RETURNS = (
    PREFIX + name for name in ("weights", "manifests", "dispatched", "recalls", "returns")
)
