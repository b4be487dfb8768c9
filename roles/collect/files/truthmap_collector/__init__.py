"""Truth Map's collector: executes probes on one host and returns evidence; it never judges.

Host side: Python 3.6 or newer, standard library only, shipped as one program and loaded from
memory. It reads; it writes nothing on the host.
"""

__all__ = ["VERSION"]

VERSION = "0.1.0"
