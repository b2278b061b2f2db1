"""Which metrics a protocol has, which two lead, and how the field writes them.

They are defined in `benchmark.evaluation`. NMI is measured on request and shown where it was.
"""

from benchmark.printable import printable

METRICS = {
    "retrieval": ("recall@1", "recall@2", "recall@4", "recall@8", "map@r", "r_precision", "map"),
    "reid": ("cmc@1", "cmc@5", "cmc@10", "map", "minp"),
}
MAIN_METRICS = {"retrieval": ("recall@1", "map@r"), "reid": ("cmc@1", "map")}
_NAMES = {
    "recall@1": "Recall@1",
    "recall@2": "Recall@2",
    "recall@4": "Recall@4",
    "recall@8": "Recall@8",
    "map@r": "MAP@R",
    "r_precision": "R-precision",
    "nmi": "NMI",
    "cmc@1": "CMC@1",
    "cmc@5": "CMC@5",
    "cmc@10": "CMC@10",
    "map": "mAP",
    "minp": "mINP",
}


def metric_name(metric: str) -> str:
    """The metric as the field writes it."""
    return _NAMES.get(metric) or printable(metric)
