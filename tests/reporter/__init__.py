"""Tests of the reporter: archives, engine, report, renderers, command."""
