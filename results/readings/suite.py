# Does DAM, or another reading of it, do better than its baseline and than the control `shrunk` once
# every arm has its own scale or margin? Heads on the features of a network that isn't trained, on
# parts of three data sets of photographs. README.md beside this file has the rule, and what of the
# plan was not run.
from typing import Any

_DAM = dict(type="dam")
_INVERSE = {"rule=inverse": dict(rule="inverse")}
_PROXIES: dict[str, dict[str, Any]] = _INVERSE | {
    "mapping=contributions": dict(mapping="contributions"),
    "mapping=masked_distance": dict(mapping="masked_distance"),
    "mapping=margin_cosine": dict(mapping="margin_cosine"),
    "rule=soft": dict(rule="soft"),
    "probability=0.5": dict(probability=0.5),
    "alternate=True": dict(alternate=True),
    "start=0.5": dict(start=0.5),
    "keep=0.9": dict(keep=0.9),
    "joint=1.0": dict(joint=1.0),
    "difference=class_means": dict(difference="class_means"),
    "difference=running_means": dict(difference="running_means"),
    "nearest=5": dict(nearest=5),
    "select=both": dict(mapping="masked_distance", select="both"),  # no other mapping has it
    "mapping=naive_feature": dict(mapping="naive_feature"),
}
_PAIRS: dict[str, dict[str, Any]] = _INVERSE | {
    "joint=0.0": dict(joint=0.0),
    "select=negatives": dict(select="negatives"),
    "probability=0.5": dict(probability=0.5),
    "rule=soft": dict(rule="soft"),
    "alternate=True": dict(alternate=True),
    "start=0.5": dict(start=0.5),
    "keep=0.9": dict(keep=0.9),
    "joint=2.0": dict(joint=2.0),
    "joint=4.0": dict(joint=4.0),
    "select=positives": dict(select="positives"),
}

_FURTHER = ("proxy_anchor", "multi_similarity", "cos_face")
"""Objectives with the controls alone."""
_FEWER = ("rule=inverse", "mapping=margin_cosine", "select=negatives", "probability=0.5")
"""Of the readings, those that re-identification is measured with."""
_MATCHED = ("start=0.5", "keep=0.9", "joint=1.0", "rule=soft", "difference=running_means")
"""Readings milder than the default, which under normalised softmax have a control of their own."""


def _case(dataset: str, objective: str) -> dict[str, Any]:
    """The arms of an objective: an arm "axis=value" is `dam` with that one setting exchanged."""
    reid = dataset == "market1501"
    pairs = objective in ("triplet", "multi_similarity")
    shrunk, readings = ("similarity", _PAIRS) if pairs else ("mapping", _PROXIES)
    if objective in _FURTHER:
        readings = {}
    elif reid:
        readings = {arm: one for arm, one in readings.items() if arm in _FEWER}
    elif pairs and dataset == "cars196":  # `soft` takes long with so many classes
        readings = {arm: one for arm, one in readings.items() if arm != "rule=soft"}
    exchanged: dict[str, dict[str, Any]] = {"shrunk": {shrunk: "shrunk"}} | readings
    if objective == "norm_softmax" and not reid:
        for arm in _MATCHED:
            exchanged[f"shrunk, {arm.replace('=', ' ')}"] = readings[arm] | dict(mapping="shrunk")
    return dict(
        dataset=dataset,
        recipe="frozen_reid" if reid else "frozen",
        objectives={objective: dict(type=objective)},
        arms={arm: dict(similarity=_DAM | one) for arm, one in exchanged.items()},
        changes=dict(backbone=dict(views=4 if dataset == "cub200" else 2)),
        optional=True,
    )


_JOINT: dict[str, Any] = dict(
    dataset="market1501",
    recipe="frozen_reid",
    objectives=dict(
        joint=dict(
            type="joint",
            proxy=dict(type="softmax", smoothing=0.1),
            pair=dict(type="triplet"),
        )
    ),
    arms=dict(
        shrunk=dict(
            similarity=_DAM | dict(proxy=dict(mapping="shrunk"), pair=dict(similarity="shrunk"))
        )
    ),
    changes=dict(backbone=dict(views=2)),
    optional=True,
)
"""Softmax and triplets together, as re-identification's strong baseline has them."""

cases = [
    _case(dataset, objective)
    for dataset in ("cars196", "market1501", "cub200")
    for objective in ("norm_softmax", "triplet")
] + [_case(dataset, objective) for objective in _FURTHER for dataset in ("cub200", "cars196")]
cases += [_JOINT]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = list(range(10))
tune = dict(
    norm_softmax={"objective.scale": dict(low=8, high=128, log=True)},
    triplet={"objective.margin": dict(low=0.05, high=1, log=True)},
    proxy_anchor={"objective.scale": dict(low=8, high=128, log=True)},
    multi_similarity={"objective.base": dict(low=0.1, high=0.9)},
    cos_face={"objective.scale": dict(low=8, high=128, log=True)},
    joint={"objective.pair.margin": dict(low=0.05, high=1, log=True)},
)
