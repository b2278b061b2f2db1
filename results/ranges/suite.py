# Do the comparisons of results/readings hold when no arm's best scale, base or margin lies at the
# end of what was searched? README.md beside this file has the plan.
from typing import Any

_DAM = dict(type="dam")
_SCALE = {"objective.scale": dict(low=1, high=1024, log=True)}
_MARGIN = dict(low=0.01, high=100, log=True)
_POINTS: dict[str, dict[str, Any]] = {
    "norm_softmax": _SCALE,
    "triplet": {"objective.margin": _MARGIN},
    "proxy_anchor": _SCALE,
    "cos_face": _SCALE,
    "multi_similarity": {"objective.base": dict(low=-0.5, high=1)},
}
_PAIRS = ("triplet", "multi_similarity")


def _case(dataset: str, objective: str) -> dict[str, Any]:
    reid = dataset == "market1501"
    shrunk = "similarity" if objective in _PAIRS else "mapping"
    return dict(
        dataset=dataset,
        recipe="frozen_reid" if reid else "frozen",
        objectives={objective: dict(type=objective)},
        arms=dict(shrunk=dict(similarity=_DAM | {shrunk: "shrunk"})),
        changes=dict(backbone=dict(views=4 if dataset == "cub200" else 2)),
        optional=True,
    )


_JOINT: dict[str, Any] = dict(
    dataset="market1501",
    recipe="frozen_reid",
    objectives=dict(
        joint=dict(
            type="joint", proxy=dict(type="softmax", smoothing=0.1), pair=dict(type="triplet")
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

cases = [_case(dataset, objective) for dataset in ("cub200", "cars196") for objective in _POINTS]
cases += [_case("market1501", objective) for objective in ("norm_softmax", "triplet")]
cases += [_JOINT]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = list(range(10))
tune = _POINTS | {"joint": {"objective.pair.margin": _MARGIN}}
