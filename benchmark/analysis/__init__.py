"""Features and proxies to statistics of single elements."""

from benchmark.analysis.elements import effective_dimension, fisher_ratio
from benchmark.analysis.selection import (
    class_pairs,
    discriminativeness,
    kept_elements,
    kept_share,
)

__all__ = [
    "class_pairs",
    "discriminativeness",
    "effective_dimension",
    "fisher_ratio",
    "kept_elements",
    "kept_share",
]
