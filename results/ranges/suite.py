# Do the comparisons of results/readings hold when no arm's best scale, base or margin lies at the
# end of what was searched? README.md beside this file has the plan.
from typing import Any

from mmengine.config import read_base

with read_base():
    from ..readings.suite import arms, seeds  # noqa: F401 (read by the suite)
    from ..readings.suite import cases as _readings


def _arms(case: dict[str, Any]) -> dict[str, Any]:
    """The readings and their own controls under normalised softmax, else the control alone."""
    every = "norm_softmax" in case["objectives"] and case["dataset"] != "market1501"
    return case["arms"] if every else dict(shrunk=case["arms"]["shrunk"])


cases = [
    dict(case, arms=_arms(case))
    for dataset in ("cub200", "cars196", "market1501")
    for case in _readings
    if case["dataset"] == dataset
]
_scale = {"objective.scale": dict(low=1, high=1024, log=True)}
_margin = dict(low=0.01, high=100, log=True)
tune = dict(
    norm_softmax=_scale,
    triplet={"objective.margin": _margin},
    proxy_anchor=_scale,
    cos_face=_scale,
    multi_similarity={"objective.base": dict(low=-0.5, high=1)},
    joint={"objective.pair.margin": _margin},
)
