"""Holds a port: ADDRESS PORT."""

import sys

from .running import serve

if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
