"""Keyed fingerprints: equal values are seen to be equal, and nothing else is told of them."""

import hashlib
import hmac
import os
from typing import Optional

__all__ = ["Fingerprints"]

_DIGITS = 20


class Fingerprints:
    """Fingerprints under one key. Without the key a guess at a value cannot be tried out."""

    def __init__(self, key: Optional[str] = None) -> None:
        """Take the key; None makes a random one that nobody gets to know."""
        self._key = key.encode("utf-8") if key else os.urandom(32)

    @property
    def key_id(self) -> str:
        """The public name of the key: 8 hex digits that do not reveal it."""
        return self._digest(b"truthmap key id")[:8]

    def of(self, value: str) -> str:
        """Return the fingerprint of a value: 20 hex digits of HMAC-SHA256."""
        return self._digest(b"truthmap value\0" + value.encode("utf-8", "surrogatepass"))[:_DIGITS]

    def _digest(self, message: bytes) -> str:
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
