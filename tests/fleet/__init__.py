"""Whole collections over the lab hosts, looked at from the outside."""
