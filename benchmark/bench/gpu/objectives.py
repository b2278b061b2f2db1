"""Each objective on the GPU in float32 against itself on the CPU in float64, with DAM and without.

It needs torch alone, and triton.
"""

import copy
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from baselines import pair, proxy
from benchmark.bench.gpu.checks import Check, Conditions, Task, holds
from benchmark.bench.gpu.comparison import compared
from benchmark.dam import PairDAM, ProxyDAM
from benchmark.dam.kernels import use
from benchmark.losses import JointLoss, PairLoss, ProxyLoss

CLASSES, PER_CLASS, DIM = 12, 4, 64
TOLERANCE = 1e-4
"""Exponentials of up to 80 times a similarity amplify its rounding."""

Loss = ProxyLoss | PairLoss | JointLoss

PROXY: dict[str, Callable[[], proxy.NormSoftmax]] = {
    name: getattr(proxy, name) for name in proxy.__all__
}
PAIR: dict[str, Callable[[], pair.Triplet]] = {
    **{name: getattr(pair, name) for name in pair.__all__},
    "Triplet, batch_all": partial(pair.Triplet, mining="batch_all"),
    "Triplet, semi_hard": partial(pair.Triplet, mining="semi_hard"),
}
DRAWN: dict[str, Callable[[], pair.Triplet]] = {
    f"{name}, distance_weighted": partial(
        getattr(pair, name), mining="distance_weighted", dim=DIM, normalise=True
    )
    for name in ("Margin", "Triplet")
}
"""Those whose draws a GPU makes by a generator of its own."""
MEMORY, JOINT = "MultiSimilarity with a memory", "NormSoftmax + Triplet"
NAMES = (*PROXY, *PAIR, *DRAWN, MEMORY, JOINT)


def tasks(conditions: Conditions) -> Iterator[Task]:
    """Two tasks an objective: the baseline's loss and DAM's."""
    for name in NAMES:
        check = _repeats if name in DRAWN else _agrees
        for mapped in (False, True):
            title = f"{name}{' with DAM' if mapped else ''}"
            yield Task(title, partial(check, title, name, mapped, conditions.device))


def loss_of(name: str, mapped: bool) -> Loss:
    """The loss module of an objective, as the baseline or with DAM's defaults; always the same."""
    torch.manual_seed(0)
    proxy_dam, pair_dam = (ProxyDAM(), PairDAM()) if mapped else (None, None)
    if name == JOINT:
        softmax = ProxyLoss(proxy.NormSoftmax(), CLASSES, DIM, proxy_dam)
        return JointLoss(softmax, PairLoss(pair.Triplet(), pair_dam))
    if name == MEMORY:
        return PairLoss(pair.MultiSimilarity(), pair_dam, memory=2 * CLASSES * PER_CLASS, dim=DIM)
    if name in PROXY:
        return ProxyLoss(PROXY[name](), CLASSES, DIM, proxy_dam)
    return PairLoss({**PAIR, **DRAWN}[name](), pair_dam)


def batch() -> tuple[Tensor, Tensor]:
    """Features [B, D] around the centres of their classes, so that no loss is zero, and labels."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(CLASSES * PER_CLASS) % CLASSES
    centres = torch.randn(CLASSES, DIM, generator=generator, dtype=torch.float64)
    noise = torch.randn(len(labels), DIM, generator=generator, dtype=torch.float64)
    return 0.2 * (0.5 * centres[labels] + noise), labels


def values(loss: Loss, features: Tensor, labels: Tensor) -> list[Tensor]:
    """The loss of a second step, for which a memory is filled, and all its gradients."""
    features = features.clone().requires_grad_()
    loss(features.detach().flip(0), labels.flip(0))
    value = loss(features, labels)
    learned = [features, *loss.parameters()]
    gradients = torch.autograd.grad(value, learned, allow_unused=True)
    zeros = (torch.zeros_like(tensor) for tensor in learned)
    found = [zero if g is None else g for g, zero in zip(gradients, zeros, strict=True)]
    return [value.detach(), *found]


def _agrees(title: str, name: str, mapped: bool, device: str) -> Iterator[Check]:
    features, labels = batch()
    # Both begin with the same numbers, those of float32.
    features, loss = features.float(), loss_of(name, mapped)
    exact = copy.deepcopy(loss).double()
    with use("torch"):
        expected = values(exact, features.double(), labels)
    found = values(loss.to(device), features.to(device), labels.to(device))
    names = ("features", *(key for key, _ in loss.named_parameters()))
    yield compared(title, found, expected, names, TOLERANCE)


def _repeats(title: str, name: str, mapped: bool, device: str) -> Iterator[Check]:
    features, labels = batch()
    features, labels = features.float().to(device), labels.to(device)
    once, twice = (values(loss_of(name, mapped).to(device), features, labels) for _ in range(2))
    same = all(torch.equal(one, other) for one, other in zip(once, twice, strict=True))
    finite = all(bool(tensor.isfinite().all()) for tensor in once)
    note = "its draws are the device's own"
    yield holds(
        f"{title} repeats", same and finite and bool(once[0] > 0), "equal bit for bit", note
    )
