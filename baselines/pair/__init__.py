"""Pair objectives: the references are the other samples of the batch.

A row without positives or without negatives is a sample that has no partner; each docstring says
what such a row adds to the loss.
"""

from baselines.pair.multi_similarity import MultiSimilarity
from baselines.pair.triplet import Triplet

__all__ = ["MultiSimilarity", "Triplet"]
