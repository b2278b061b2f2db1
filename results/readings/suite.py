# Which reading of DAM, once every arm has its own scale or margin? Heads on the features of a
# network that isn't trained, on parts of two data sets of photographs. What is searched is one
# setting of each objective: its scale, its threshold or its margin. README.md has the rule.
from typing import Any

_DAM = dict(type="dam")
_PAIRS = ("multi_similarity", "triplet")
_READINGS: dict[str, dict[str, list[Any]]] = dict(
    norm_softmax=dict(
        mapping=["contributions", "masked_distance", "margin_cosine"],
        rule=["inverse", "soft"],
        probability=[0.5],
    ),
    triplet=dict(joint=[0.0], select=["negatives"], rule=["inverse", "soft"], probability=[0.5]),
    proxy_anchor={},
    multi_similarity={},
    cos_face={},
)


def _case(dataset: str, objective: str, views: int) -> dict[str, Any]:
    """The arms of an objective: an arm "axis=value" is `dam` with that one setting exchanged."""
    shrunk = {"similarity" if objective in _PAIRS else "mapping": "shrunk"}
    readings = {
        f"{axis}={value}": dict(similarity={"type": "dam", axis: value})
        for axis, values in _READINGS[objective].items()
        for value in values
    }
    return dict(
        dataset=dataset,
        recipe="frozen",
        objectives={objective: dict(type=objective)},
        arms=dict(shrunk=dict(similarity=_DAM | shrunk)) | readings,
        changes=dict(backbone=dict(views=views)),
        optional=True,
    )


cases = [
    _case(dataset, objective, views)
    for dataset, views in (("cars196", 2), ("cub200", 4))
    for objective in _READINGS
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = [0, 1, 2, 3, 4]
tune = dict(
    norm_softmax={"objective.scale": dict(low=8, high=128, log=True)},
    cos_face={"objective.scale": dict(low=8, high=128, log=True)},
    proxy_anchor={"objective.scale": dict(low=8, high=128, log=True)},
    multi_similarity={"objective.base": dict(low=0.1, high=0.9)},
    triplet={"objective.margin": dict(low=0.05, high=1, log=True)},
)
