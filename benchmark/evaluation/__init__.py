"""Features to metrics: retrieval and re-identification protocols."""

from benchmark.evaluation.clustering import nmi
from benchmark.evaluation.distance import Distance
from benchmark.evaluation.embed import embed
from benchmark.evaluation.neighbours import Neighbours, nearest
from benchmark.evaluation.protocol import Evaluation, evaluate
from benchmark.evaluation.ranks import Ranks, positive_ranks
from benchmark.evaluation.reid import cmc, mean_inverse_negative_penalty, reid_metrics
from benchmark.evaluation.retrieval import (
    map_at_r,
    mean_average_precision,
    precision_at_1,
    r_precision,
    recall_at_k,
    retrieval_metrics,
)

__all__ = [
    "Distance",
    "Evaluation",
    "Neighbours",
    "Ranks",
    "cmc",
    "embed",
    "evaluate",
    "map_at_r",
    "mean_average_precision",
    "mean_inverse_negative_penalty",
    "nearest",
    "nmi",
    "positive_ranks",
    "precision_at_1",
    "r_precision",
    "recall_at_k",
    "reid_metrics",
    "retrieval_metrics",
]
