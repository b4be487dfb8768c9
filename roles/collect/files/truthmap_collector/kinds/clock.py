"""Kind `clock`: what the kernel says of its clock, by adjtimex(2) with nothing to set.

`timedatectl` would start a service over D-Bus; this only asks.
"""

import os
import time
from typing import Any, Dict

from truthmap_collector.observation import COLLECTED, ERROR, Verdict, from_os_error
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row: the time (epoch seconds), the clock's state, its errors in microseconds."""
    try:
        row = _adjtimex()
    except ImportError as error:
        return Verdict(ERROR, "this Python has no ctypes: {}".format(error))
    except AttributeError as error:
        return Verdict(ERROR, "the C library has no adjtimex: {}".format(error))
    except OSError as error:
        return from_os_error(error, "adjtimex")
    turn.write(row)
    return Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the command of the Debian package of the same name."""
    return "adjtimex --print"


def _adjtimex() -> Dict[str, Any]:
    import ctypes  # noqa: PLC0415 - not every Python has it

    class Timex(ctypes.Structure):
        """struct timex of <sys/timex.h>, as far as it is read, and room for the rest."""

        _fields_ = [
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("esterror", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_long * 64),
        ]

    library = ctypes.CDLL(None, use_errno=True)
    asked = Timex(modes=0)
    state = library.adjtimex(ctypes.byref(asked))
    if state < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return {
        "time": time.time(),
        "state": state,
        "status": asked.status,
        "unsynchronised": state == _TIME_ERROR or bool(asked.status & _STA_UNSYNC),
        "offset_us": asked.offset / (1000.0 if asked.status & _STA_NANO else 1.0),
        "maxerror_us": asked.maxerror,
        "esterror_us": asked.esterror,
    }
