"""The metrics of each protocol, the two main ones, and how the field writes them.

They are defined in `benchmark.evaluation`. NMI is measured on request, and the cues of
`benchmark.analysis.cues_summary` where they are known; both are shown where they were.
"""

from benchmark.analysis.cues_summary import ACCURACY as CUE
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
    "subtle_cues": "Subtle cues",
    "major_cues": "Major cues",
    "captured_cues": "Captured cues",
    "decodable_subtle_cues": "Decodable subtle cues",
}


def metric_name(metric: str) -> str:
    """The metric as the field writes it."""
    cue = metric.removeprefix(CUE)
    name = f"Cue: {cue.replace('_', ' ')}" if cue != metric else metric
    return _NAMES.get(metric) or printable(name)
