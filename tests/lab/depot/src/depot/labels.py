"""Prints labels."""

from .running import consume
from .topics import LABELS

if __name__ == "__main__":
    consume("printers", "printer-1", LABELS)
