"""The bounds of a run."""

from typing import Any, Dict, NamedTuple

__all__ = ["Limits"]


class Limits(NamedTuple):
    """Times in seconds, sizes in bytes. A probe may name its own timeout and size.

    `answer_bytes` bounds the whole encoded answer, `workers` the probes looking at once.
    """

    probe_timeout_s: float = 10.0
    probe_bytes: int = 1048576
    host_timeout_s: float = 60.0
    answer_bytes: int = 16777216
    workers: int = 4

    @classmethod
    def of(cls, given: Dict[str, Any]) -> "Limits":
        """Return the given limits, and ours where none is given.

        Raises ValueError for a name that is none of ours, or a limit that is no positive number.
        """
        for name, value in given.items():
            if name not in cls._fields:
                known = ", ".join(cls._fields)
                raise ValueError("unknown limit {!r}; there are {}".format(name, known))
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise ValueError("limit {}: {!r} is no positive number".format(name, value))
        limits = cls(**given)
        return limits._replace(
            probe_bytes=int(limits.probe_bytes),
            answer_bytes=int(limits.answer_bytes),
            workers=max(1, int(limits.workers)),
        )
