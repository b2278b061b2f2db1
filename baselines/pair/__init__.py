"""Pair objectives: the references are the other samples of the batch, and a memory behind them.

S [B, N] is neither square nor symmetric: a sample is no reference of itself, and samples that a
memory keeps are references without a row. A row without positives or without negatives is a sample
that lacks a partner; each docstring says what such a row adds to the loss. Where a loss is a mean
over the terms that are above 0, it is 0 when there is none.
"""

from baselines.pair.circle import Circle
from baselines.pair.contrastive import Contrastive
from baselines.pair.lifted_structure import LiftedStructure
from baselines.pair.margin import Margin
from baselines.pair.multi_similarity import MultiSimilarity
from baselines.pair.npair import NPair
from baselines.pair.triplet import Triplet

__all__ = [
    "Circle",
    "Contrastive",
    "LiftedStructure",
    "Margin",
    "MultiSimilarity",
    "NPair",
    "Triplet",
]
