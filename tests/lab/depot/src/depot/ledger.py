"""Keeps the ledger of weights."""

from .running import consume
from .topics import WEIGHTS

if __name__ == "__main__":
    consume("ledger", "ledger-1", WEIGHTS)
