"""Tests: they run against real commands, real systemd, real SSH; see `tests/lab`."""
