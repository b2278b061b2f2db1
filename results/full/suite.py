# Does what was seen of heads (results/readings) and of last stages (results/tail) hold once the
# whole network is trained? README.md beside this file has the plan.
from typing import Any

_DAM = dict(type="dam")

# The community's recipe at a size that a CPU can train: small images, few epochs, the backbone at
# rest in the first. Batches take 12 classes, which is what a fold of the training classes has.
_SMALL = dict(
    transform=dict(size=112, resize=128),
    sampler=dict(classes=12, samples=4),
    epochs=6,
    schedule=dict(frozen=1, milestones=[3, 4, 5]),
)

cases = [
    dict(
        dataset="cub200",
        recipe="proxy_anchor",
        objectives={objective: dict(type=objective)},
        changes=_SMALL,
    )
    for objective in ("norm_softmax", "proxy_anchor")
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    shrunk=dict(similarity=dict(_DAM, mapping="shrunk")),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = [0, 1, 2, 3, 4]
_scale: dict[str, Any] = {"objective.scale": dict(low=8, high=128, log=True)}
tune = dict(norm_softmax=_scale, proxy_anchor=_scale)
