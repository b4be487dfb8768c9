"""The report as HTML: one file a host that needs nothing else, and an index over several."""
