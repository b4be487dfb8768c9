"""Comparing hosts and moments: what is there, drift, waivers, and the diff."""
