"""Answers claims, should anybody ever make one."""

from .running import consume

if __name__ == "__main__":
    consume("claims", "claims-1", "parcels.claims")
