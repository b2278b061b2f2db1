"""Arms: the sides of a comparison, and all that they may differ in."""

BASELINE, DAM = "baseline", "dam"
EXCHANGED = ("similarity", "rivals")
"""The settings in which the two runs of a pair may differ."""
