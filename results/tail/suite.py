# Does what was seen of heads on frozen features (results/readings) hold once the last stages of the
# network are trained with them? README.md beside this file has the plan.
from typing import Any

_DAM = dict(type="dam")
_POINTS: dict[str, dict[str, Any]] = {
    "proxy_anchor": {"objective.scale": dict(low=8, high=128, log=True)},
    "multi_similarity": {"objective.base": dict(low=0.1, high=0.9)},
    "norm_softmax": {"objective.scale": dict(low=8, high=128, log=True)},
}
_PAIRS = ("multi_similarity",)

cases = [
    dict(
        dataset=dataset,
        recipe="tail",
        objectives={objective: dict(type=objective)},
        arms=dict(
            shrunk=dict(
                similarity=_DAM | {"similarity" if objective in _PAIRS else "mapping": "shrunk"}
            )
        ),
        optional=True,
    )
    for dataset in ("cub200", "cars196")
    for objective in _POINTS
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = [0, 1, 2, 3, 4]
tune = _POINTS
