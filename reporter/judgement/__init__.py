"""From findings to a verdict: causes, what works, what is broken, how bad, what comes first."""
