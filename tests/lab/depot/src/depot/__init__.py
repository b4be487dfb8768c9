"""Depot: parcels are taken in, sorted by lanes, priced, billed and sent."""
