# Does DAM, or another reading of it, do better than its baseline and than the control `shrunk` once
# every arm has its own scale or margin? Heads on the features of a network that isn't trained, on
# a part of a data set of photographs. README.md beside this file has the rule, and what of the plan
# was not run.
from typing import Any

_DAM = dict(type="dam")
_INVERSE = {"rule=inverse": dict(rule="inverse")}
_PROXIES = _INVERSE | {
    "mapping=contributions": dict(mapping="contributions"),
    "mapping=masked_distance": dict(mapping="masked_distance"),
    "mapping=margin_cosine": dict(mapping="margin_cosine"),
    "rule=soft": dict(rule="soft"),
    "probability=0.5": dict(probability=0.5),
}
_PAIRS = _INVERSE | {
    "joint=0.0": dict(joint=0.0),
    "select=negatives": dict(select="negatives"),
    "probability=0.5": dict(probability=0.5),
}


def _case(
    dataset: str, views: int, objective: str, shrunk: str, readings: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """The arms of an objective: an arm "axis=value" is `dam` with that one setting exchanged."""
    exchanged = {"shrunk": {shrunk: "shrunk"}} | readings
    return dict(
        dataset=dataset,
        recipe="frozen",
        objectives={objective: dict(type=objective)},
        arms={arm: dict(similarity=_DAM | one) for arm, one in exchanged.items()},
        changes=dict(backbone=dict(views=views)),
        optional=True,
    )


cases = [
    _case("cub200", 4, "norm_softmax", "mapping", _PROXIES),
    _case("cub200", 4, "triplet", "similarity", _PAIRS),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = [0, 1, 2, 3, 4]
tune = dict(
    norm_softmax={"objective.scale": dict(low=8, high=128, log=True)},
    triplet={"objective.margin": dict(low=0.05, high=1, log=True)},
)
