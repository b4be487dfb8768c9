"""Whole reports, read once and kept."""
