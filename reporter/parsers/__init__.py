"""Parsers: one module a domain, pure functions from evidence to facts."""
