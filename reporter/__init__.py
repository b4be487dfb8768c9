"""Classify what hosts showed, and render the report."""
