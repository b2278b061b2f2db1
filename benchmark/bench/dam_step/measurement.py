"""One measurement of `bench dam`: `python -m benchmark.bench.dam_step.measurement JSON`.

Prints a line of JSON with each new result: seconds by step, or the peak of memory in bytes.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from baselines.pair import MultiSimilarity
from baselines.proxy import NormSoftmax
from benchmark.dam import PairDAM, ProxyDAM
from benchmark.losses import PairLoss, ProxyLoss

BACKBONE_DIM = 2048
PIXELS = 224
PER_CLASS = 4

Arm = Literal["baseline", "dam"]


@dataclass(frozen=True)
class Size:
    """The size of a loss: a batch of features against `references`, each of `dim` elements.

    References are class proxies for the kind "proxy"; for "pair" a memory beside the batch.
    """

    kind: Literal["proxy", "pair"]
    batch: int
    references: int
    dim: int

    def __str__(self) -> str:
        if self.kind == "proxy":
            return f"proxy {self.batch} x {self.references} x {self.dim}"
        memory = f" + {self.references} memory" if self.references else ""
        return f"pair {self.batch}{memory} x {self.dim}"


SMALLEST = Size("proxy", 2, 2, 8)


def labels_of(size: Size) -> Tensor:
    """Labels [B]: drawn at random for proxies, `PER_CLASS` samples of a class for pairs."""
    if size.kind == "proxy":
        return torch.randint(size.references, (size.batch,))
    return torch.arange(size.batch) // PER_CLASS


def loss_of(size: Size, arm: Arm) -> ProxyLoss | PairLoss:
    """Normalised softmax or Multi-Similarity, with DAM's defaults or without DAM."""
    if size.kind == "proxy":
        dam = ProxyDAM() if arm == "dam" else None
        return ProxyLoss(NormSoftmax(), size.references, size.dim, dam)
    loss = PairLoss(
        MultiSimilarity(),
        PairDAM() if arm == "dam" else None,
        memory=size.references,
        dim=size.dim,
    )
    memory = {
        "memory": nn.functional.normalize(torch.randn(size.references, size.dim)),
        "memory_labels": labels_of(size)[torch.randint(size.batch, (size.references,))],
    }
    loss.load_state_dict(memory, strict=False)
    return loss


def loss_step(size: Size, arm: Arm, device: str, head: bool) -> Callable[[], None]:
    """Forward and backward of the loss on features, or of a linear head and the loss."""
    torch.manual_seed(0)
    loss = loss_of(size, arm).to(device)
    loss.check_labels = False  # as in a run, whose data set has checked them
    labels = labels_of(size).to(device)
    width = BACKBONE_DIM if head else size.dim
    inputs = torch.randn(size.batch, width, device=device, requires_grad=True)
    embed = nn.Linear(BACKBONE_DIM, size.dim).to(device) if head else nn.Identity()
    learned = [inputs, *loss.parameters(), *embed.parameters()]

    def step() -> None:
        for tensor in learned:
            tensor.grad = None
        loss(embed(inputs), labels).backward()

    return step


def training_step(size: Size, device: str) -> Callable[[], None]:
    """A whole step of ResNet-50 with the baseline's loss on a batch of images."""
    from torchvision.models import resnet50

    torch.manual_seed(0)
    model = resnet50(num_classes=size.dim).to(device)
    loss = loss_of(size, "baseline").to(device)
    optimiser = torch.optim.SGD([*model.parameters(), *loss.parameters()], lr=1e-4)
    images = torch.randn(size.batch, 3, PIXELS, PIXELS, device=device)
    labels = labels_of(size).to(device)

    def step() -> None:
        optimiser.zero_grad()
        loss(model(images), labels).backward()
        optimiser.step()

    return step


def time_in_turn(
    steps: dict[str, Callable[[], None]], device: str, rounds: int, seconds: float
) -> Iterator[dict[str, float]]:
    """The least seconds of each step so far, and the number of rounds, after every step.

    Rounds of all steps go on while the next one is expected to end within `seconds` of the first,
    which also loads libraries and compiles kernels.
    """
    least: dict[str, float] = {}
    began = None
    for number in range(1, rounds + 1):
        round_began = time.perf_counter()
        for name, step in steps.items():
            _wait(device)
            start = time.perf_counter()
            step()
            _wait(device)
            least[name] = min(least.get(name, float("inf")), time.perf_counter() - start)
            yield least | {"rounds": number}
        now = time.perf_counter()
        began = began or now
        if now - began + (now - round_began) > seconds:
            break


def peak_memory(make: Callable[[], Callable[[], None]], device: str) -> int:
    """The peak bytes of inputs, weights and two steps.

    On a GPU what torch allocated; on a CPU how much the process grew, without its libraries.
    """
    for arm in get_args(Arm):
        loss_step(SMALLEST, arm, "cpu", head=False)()
    before = 0 if device == "cuda" else _most_resident()
    step = make()
    step()
    step()
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return _most_resident() - before


def _most_resident() -> int:
    """The most bytes that this process has held in memory so far."""
    status = Path("/proc/self/status")
    if status.exists():  # the number below starts at the parent's on Linux
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return 1024 * int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def main(request: dict[str, Any]) -> None:
    """Measure what is asked for: "times", "memory" of an arm, or "resnet"."""
    size, device = Size(**request["size"]), request["device"]
    torch.set_num_threads(request["threads"])
    if request["measure"] == "memory":
        peak = peak_memory(lambda: loss_step(size, request["arm"], device, head=False), device)
        print(json.dumps({"peak": peak}), flush=True)
        return
    if request["measure"] == "resnet":
        steps = {"resnet": training_step(size, device)}
    else:
        steps = {
            f"{arm}{' head' if head else ''}": loss_step(size, arm, device, head)
            for head in (False, True)
            for arm in ("baseline", "dam")
        }
    for least in time_in_turn(steps, device, request["rounds"], request["seconds"]):
        print(json.dumps(least), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
