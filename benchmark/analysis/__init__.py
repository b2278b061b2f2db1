"""Features to statistics of their elements."""

from benchmark.analysis.elements import effective_dimension, fisher_ratio

__all__ = ["effective_dimension", "fisher_ratio"]
