"""Rules: one module a subject, pure functions from facts to verdicts."""
