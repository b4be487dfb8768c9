"""Sinks: where a report goes beside files and stdout. See `reporter.publish.sinks`."""
