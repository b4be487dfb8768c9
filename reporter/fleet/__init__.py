"""Findings that belong to no single host: problems with waivers, and drift across hosts."""
