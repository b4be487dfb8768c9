"""What changed between two reports: what broke, what recovered, what is new."""
