"""The hand-written report of 2026-02-15: what it states, and how ours compares."""
