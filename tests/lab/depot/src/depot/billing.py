"""Bills what was priced, and answers for all that is quiet."""

from .running import beside, consume, say
from .topics import DISPATCHED, MANIFESTS, RECALLS, RETURNS, Told

QUIET = {RECALLS: "recalls", RETURNS: "returns", DISPATCHED: "proof", MANIFESTS: "archive"}


def main() -> None:
    """Read them all, each on a connection of its own."""
    say("billing: running")
    for stream, group in QUIET.items():
        beside(consume, group, "billing-1", stream)
    consume("billing", "billing-1", Told.PRICED)


if __name__ == "__main__":
    main()
