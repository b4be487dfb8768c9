"""Renderers: each reads the report and nothing else."""
