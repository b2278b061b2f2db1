"""Every objective with every mining, each as a loss module: for what must hold of all."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from baselines import pair, proxy
from benchmark.dam import PairDAM, ProxyDAM
from benchmark.losses import JointLoss, PairLoss, ProxyLoss

CLASSES, DIM = 5, 8
DRAWN = {"mining": "distance_weighted", "dim": DIM, "normalise": True}
PROXY = {name: getattr(proxy, name) for name in proxy.__all__}
PAIR: dict[str, Callable[[], nn.Module]] = {
    **{name: getattr(pair, name) for name in pair.__all__},
    "Triplet batch_all": partial(pair.Triplet, mining="batch_all"),
    "Triplet semi_hard": partial(pair.Triplet, mining="semi_hard"),
    "Triplet drawn": partial(pair.Triplet, **DRAWN),
    "Margin drawn": partial(pair.Margin, **DRAWN),
}
NAMES = [*PROXY, *PAIR, "memory", "joint"]


def loss_of(name: str, mapped: bool, joint: float = 0.5) -> nn.Module:
    """The loss called `name`, as the baseline or with DAM; from the same proxies each time."""
    torch.manual_seed(0)
    proxy_dam = ProxyDAM(keep=0.6, joint=joint) if mapped else None
    pair_dam = PairDAM(keep=0.6, joint=joint) if mapped else None
    if name == "joint":
        proxy_loss = ProxyLoss(proxy.NormSoftmax(), CLASSES, DIM, proxy_dam)
        return JointLoss(proxy_loss, PairLoss(pair.Triplet(), pair_dam), (0.5, 2.0))
    if name == "memory":
        return PairLoss(pair.MultiSimilarity(), pair_dam, memory=20, dim=DIM)
    if name in PROXY:
        return ProxyLoss(PROXY[name](), CLASSES, DIM, proxy_dam)
    return PairLoss(PAIR[name](), pair_dam)
