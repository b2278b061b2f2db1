"""Stored runs: who makes them, what came out of them, and whether it is sound."""
