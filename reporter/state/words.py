"""Words for what a trait may be."""

from __future__ import annotations

from collections.abc import Mapping

from reporter.messages import Text, text

__all__ = ["REACHES"]

REACHES: Mapping[str, Text] = {
    "loopback": text("loopback only"),
    "world": text("open to the world"),
    "one address": text("on one address"),
}
"""From where a port can be reached, as far as the host itself shows."""
