"""The kernels of DAM against their definition in float64; it needs torch alone, and triton.

`python -m benchmark.bench.gpu.kernels` makes these checks alone, where nothing else is installed.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.pair import Contrastive
from baselines.proxy import NormSoftmax
from benchmark.bench.conformance.agreement import value_and_gradients
from benchmark.bench.gpu import mappings
from benchmark.bench.gpu.checks import Check, Conditions, Task, at_most, holds, made, not_measured
from benchmark.bench.gpu.comparison import (
    BATCH,
    CLASSES,
    COARSE,
    FINE,
    TOLERANCE,
    compared,
    labels_of_batch,
    relative,
    seeded,
)
from benchmark.dam import (
    PairDAM,
    ProxyDAM,
    pair_similarity,
    proxy_similarity,
)
from benchmark.dam.kernels import serving, use
from benchmark.dam.selection import Rule
from benchmark.losses import PairLoss, ProxyLoss

DIMS = (5, 64, 512, 1000, 2048, 4096)
QUICK_DIMS = (5, 64)
RULES: tuple[Rule, ...] = ("quantile", "mean", "random", "inverse")
BETWEEN = 3e-5
"""Between two technologies, both in float32."""
HALVES = {torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11}
"""Types of 16 bits, and half the distance of two neighbouring numbers, relative to them."""
REAL = ((180, 100, 512), (64, 1041, 2048))
QUICK_REAL = ((12, 7, 16),)


def tasks(conditions: Conditions) -> Iterator[Task]:
    """The default rule at each size for each kernel, and one of the others in turn."""
    device, dims = conditions.device, QUICK_DIMS if conditions.quick else DIMS
    yield Task("technology", partial(_technology, device))
    for place, dim in enumerate(dims):
        for family, check in enumerate((mappings.proxies, mappings.pairs, mappings.cosines)):
            for turn, rule in enumerate((RULES[0], RULES[1:][(place + family) % 3])):
                rescale = (place + turn) % 2 == 0
                name = f"{check.__name__} {rule} D={dim}"
                yield Task(name, partial(check, rule, dim, rescale, FINE, device))
    for rule in RULES:
        for check in (mappings.proxies, mappings.pairs, mappings.cosines):
            name = f"{check.__name__} {rule} with ties"
            yield Task(name, partial(check, rule, 64, True, COARSE, device))
    for rule in RULES:
        yield Task(f"centres {rule}", partial(mappings.centres, rule, dims[-1], device))
    yield Task("rule all", partial(_everything, device))
    for half in HALVES:
        yield Task(f"features in {half}", partial(_half, half, device))
    for size in QUICK_REAL if conditions.quick else REAL:
        yield Task(f"technologies at {size}", partial(_technologies, size, device))


def _technology(device: str) -> Iterator[Check]:
    serves = serving(torch.empty(1, 1, device=device))
    if device.startswith("cuda"):
        yield holds(f"features on the GPU are computed by {serves}", serves == "triton", "triton")
    else:
        yield not_measured("features on a GPU are computed by triton", "there is no GPU here")


def _everything(device: str) -> Iterator[Check]:
    """The rule `all` is the plain product, bit for bit."""
    generator = seeded("all")
    features = torch.randn(BATCH, 512, generator=generator).to(device)
    proxies = torch.randn(CLASSES, 512, generator=generator).to(device)
    labels = labels_of_batch(generator).to(device)
    plain = features @ proxies.T
    same = torch.equal(proxy_similarity(features, proxies, labels, "all"), plain)
    yield holds("proxies all is the plain product", same, "equal bit for bit")
    same = torch.equal(pair_similarity(features, labels, "all"), features @ features.T)
    yield holds("pairs all is the plain product", same, "equal bit for bit")
    whole = proxy_similarity(features, proxies, labels, "quantile", 1.0)
    yield at_most("proxies quantile, all kept", relative(whole, plain), TOLERANCE)


def _half(half: torch.dtype, device: str) -> Iterator[Check]:
    """Losses on features of 16 bits, as mixed precision gives them."""
    generator = seeded("half")
    features = torch.randn(BATCH, 512, generator=generator).to(half)
    labels = labels_of_batch(generator)
    # A gradient comes back in the features' type.
    bound = 1.1 * HALVES[half]
    losses: dict[str, Callable[[], ProxyLoss | PairLoss]] = {
        "proxies": lambda: ProxyLoss(NormSoftmax(), CLASSES, 512, ProxyDAM()),
        "pairs": lambda: PairLoss(Contrastive(), PairDAM()),
    }
    for name, make in losses.items():
        torch.manual_seed(0)
        loss = make()
        with use("torch"):
            exact = _loss_and_gradients(loss.double(), features.double(), labels)
        found = _loss_and_gradients(loss.float().to(device), features.to(device), labels.to(device))
        title = f"{name}, features in {str(half).removeprefix('torch.')}"
        yield at_most(f"{title}, value", relative(found[0], exact[0]), TOLERANCE)
        yield at_most(f"{title}, gradient to features", relative(found[1], exact[1]), bound)


def _loss_and_gradients(
    loss: ProxyLoss | PairLoss, features: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor]:
    features = features.clone().requires_grad_()
    value = loss(features, labels)
    (gradient,) = torch.autograd.grad(value, features)
    return value, gradient


def _technologies(size: tuple[int, int, int], device: str) -> Iterator[Check]:
    """What serves on the device, twice, and torch by blocks, at the size of a real batch."""
    count, classes, dim = size
    generator = seeded("technologies", size)
    features = F.normalize(torch.randn(count, dim, generator=generator)).to(device)
    proxies = F.normalize(torch.randn(classes, dim, generator=generator)).to(device)
    labels = torch.randint(classes, (count,), generator=generator).to(device)
    weights = torch.randn(count, max(count, classes), generator=generator).to(device)
    few = labels % 20
    functions: dict[str, Callable[..., Tensor]] = {
        "proxies": lambda f, w: proxy_similarity(f, w, labels),
        "pairs": lambda f: pair_similarity(f, few),
        "cosines": lambda f: pair_similarity(f, few, similarity="masked_cosine"),
    }
    for name, function in functions.items():
        inputs = (features, proxies) if name == "proxies" else (features,)
        upstream = weights[:, : classes if name == "proxies" else count]
        once, twice = (value_and_gradients(function, *inputs, weights=upstream) for _ in range(2))
        with use("torch"):
            blocked = value_and_gradients(function, *inputs, weights=upstream)
        assert once is not None and twice is not None and blocked is not None
        title = f"{name} {' x '.join(map(str, size))}"
        same = all(torch.equal(one, other) for one, other in zip(once, twice, strict=True))
        yield holds(f"{title} repeats", same, "equal bit for bit")
        yield compared(
            f"{title} beside torch", once, blocked, ("features", "proxies")[: len(inputs)], BETWEEN
        )


def main() -> int:
    """Make the checks on the GPU and print them; returns 1 if one failed."""
    if not torch.cuda.is_available():
        print("torch finds no GPU here", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as work:
        checks = []
        for check in made(tasks, Conditions("cuda", False, Path(work))):
            print(check.verdict, check.name, check.measured, check.note, flush=True)
            checks.append(check)
    return int(any(check.verdict == "failed" for check in checks))


if __name__ == "__main__":
    sys.exit(main())
