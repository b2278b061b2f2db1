"""Features to metrics: retrieval and re-identification protocols."""

from benchmark.evaluation.clustering import nmi
from benchmark.evaluation.embed import embed
from benchmark.evaluation.per_query import PerQuery, per_query
from benchmark.evaluation.protocol import Evaluation, evaluate
from benchmark.evaluation.ranking.distance import Distance
from benchmark.evaluation.ranking.neighbours import Neighbours, nearest
from benchmark.evaluation.ranking.ranks import Ranks, positive_ranks, rank_blocks
from benchmark.evaluation.reid import REID, cmc, inverse_negative_penalty
from benchmark.evaluation.retrieval import (
    RETRIEVAL,
    average_precision,
    map_at_r,
    r_precision,
    recall_at_k,
)

__all__ = [
    "REID",
    "RETRIEVAL",
    "Distance",
    "Evaluation",
    "Neighbours",
    "PerQuery",
    "Ranks",
    "average_precision",
    "cmc",
    "embed",
    "evaluate",
    "inverse_negative_penalty",
    "map_at_r",
    "nearest",
    "nmi",
    "per_query",
    "positive_ranks",
    "r_precision",
    "rank_blocks",
    "recall_at_k",
]
