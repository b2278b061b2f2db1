# Does what was seen of heads (results/ranges) and of last stages (results/tail) hold once the whole
# network is trained? README.md beside this file has the plan.
from typing import Any

from mmengine.config import read_base

with read_base():
    from ..full.suite import cases as _small
    from ..tail.suite import arms, seeds  # noqa: F401 (read by the suite)

_DAM = dict(type="dam")

# The communities' recipes at a small size; that of photographs is the one of results/full.
_PHOTOGRAPHS = _small[0]["changes"]
_PEOPLE = dict(
    transform=dict(height=128, width=64, pad=5),
    epochs=6,
    schedule=dict(warmup=1, milestones=[3, 5]),
)
_RETRIEVAL = ("norm_softmax", "proxy_anchor", "multi_similarity", "cos_face", "triplet")
_JOINT = dict(type="joint", proxy=dict(type="softmax", smoothing=0.1), pair=dict(type="triplet"))


def _shrunk(objective: str) -> dict[str, Any]:
    """The control, by the name that the objective's kind of similarity has for it."""
    if objective == "joint":
        return dict(proxy=dict(mapping="shrunk"), pair=dict(similarity="shrunk"))
    pairs = objective in ("multi_similarity", "triplet")
    return dict(similarity="shrunk") if pairs else dict(mapping="shrunk")


cases = [
    dict(
        dataset=dataset,
        recipe=recipe,
        objectives={objective: _JOINT if objective == "joint" else dict(type=objective)},
        arms=dict(shrunk=dict(similarity=_DAM | _shrunk(objective))),
        changes=changes,
        optional=True,
    )
    for dataset, recipe, changes, objectives in (
        ("cub200", "proxy_anchor", _PHOTOGRAPHS, _RETRIEVAL),
        ("cars196", "proxy_anchor", _PHOTOGRAPHS, _RETRIEVAL),
        ("market1501", "reid_strong_baseline", _PEOPLE, ("norm_softmax", "joint", "triplet")),
    )
    for objective in objectives
]
_scale: dict[str, Any] = {"objective.scale": dict(low=2, high=256, log=True)}
_margin = dict(low=0.01, high=10, log=True)
tune = dict(
    norm_softmax=_scale,
    proxy_anchor=_scale,
    cos_face=_scale,
    multi_similarity={"objective.base": dict(low=-0.5, high=1)},
    triplet={"objective.margin": _margin},
    joint={"objective.pair.margin": _margin},
)
