# Do the recipes run: two epochs of each on the real sets that are there, whole or in part, with one
# seed. Too short for a comparison, and for the recipes' stages, which shrink with it: one epoch of
# the backbone at rest instead of five, half an epoch of warm-up instead of ten, no later steps.
# CUB's batches take 25 classes instead of 30, which is what a quarter of its classes has to train.
from mmengine.config import read_base

with read_base():
    from .own_reid import cases as _reid

_retrieval = dict(epochs=2, schedule=dict(frozen=1, milestones=[]))
_proxy_anchor = dict(proxy_anchor=dict(type="proxy_anchor"))

cases = [
    dict(
        dataset="cub200",
        recipe="proxy_anchor",
        objectives=_proxy_anchor,
        changes=dict(_retrieval, sampler=dict(classes=25)),
        optional=True,
    ),
    dict(
        dataset="cars196",
        recipe="proxy_anchor_cars196",
        objectives=_proxy_anchor,
        changes=_retrieval,
        optional=True,
    ),
    dict(
        _reid[0],
        dataset="market1501",
        fit_batches=False,
        changes=dict(epochs=2, schedule=dict(warmup=0.5, milestones=[])),
        optional=True,
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0]
