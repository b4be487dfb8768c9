"""Stands for a job: NAME."""

import sys

from .running import say

if __name__ == "__main__":
    say(f"{sys.argv[1]}: done")
