"""Time and memory of DAM's loss step at the sizes of `bench dam`, beside a step of ResNet-50."""

import gc
from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmark.bench.dam_step.bench import QUICK, SIZES
from benchmark.bench.dam_step.measurement import (
    PIXELS,
    Arm,
    Size,
    labels_of,
    loss_of,
    loss_step,
    peak_memory,
    time_in_turn,
    training_step,
)
from benchmark.bench.gpu.checks import (
    Check,
    Conditions,
    Task,
    at_most,
    not_measured,
    only_measured,
)

ROUNDS, SECONDS = 30, 2.0
QUICK_ROUNDS = 2
SHARE = 2.0
"""The most per cent of ResNet-50's step that DAM's loss step may take, at the first two sizes."""
JUDGED = 2
GIB = 2**30
LARGEST = 4.0
"""The most GiB of any size."""
_ARMS: tuple[Arm, ...] = ("baseline", "dam")


def tasks(conditions: Conditions) -> Iterator[Task]:
    """Each size: its time, beside ResNet-50's where that has a target, and its memory."""
    for place, size in enumerate(QUICK if conditions.quick else SIZES):
        yield Task(f"{size}, time", partial(_time, size, place < JUDGED, conditions))
        yield Task(f"{size}, memory", partial(_memory, size, conditions))


def _least(steps: dict[str, Callable[[], None]], conditions: Conditions) -> dict[str, float]:
    """The least milliseconds of each step, once kernels are compiled and libraries loaded."""
    for step in steps.values():
        step()
    rounds = QUICK_ROUNDS if conditions.quick else ROUNDS
    *_, least = time_in_turn(steps, conditions.device, rounds, SECONDS)
    return {name: 1e3 * value for name, value in least.items() if name != "rounds"}


def _time(size: Size, judged: bool, conditions: Conditions) -> Iterator[Check]:
    device = conditions.device
    least = _least({arm: loss_step(size, arm, device, head=False) for arm in _ARMS}, conditions)
    yield only_measured(f"{size}, baseline's loss step (ms)", least["baseline"])
    yield only_measured(f"{size}, DAM's loss step (ms)", least["dam"])
    added = least["dam"] - least["baseline"]
    yield only_measured(f"{size}, DAM adds (ms)", added)
    if not judged:
        return
    if not conditions.is_gpu:
        yield not_measured(f"{size}, share of ResNet-50's step", "there is no GPU here")
        return
    whole = {
        "fp32 (torch's defaults: convolutions in TF32)": lambda: training_step(size, device),
        "bf16, channels last": lambda: half_step(size, device),
    }
    for name, make in whole.items():
        _free()
        step = _least({"resnet": make()}, conditions)["resnet"]
        title = f"{size}, DAM's loss step in % of ResNet-50's in {name}"
        yield at_most(
            title, 100 * least["dam"] / step, SHARE,
            f"DAM adds {100 * added / step:.2f} % of it to the baseline's loss",
            resnet_ms=step, dam_ms=least["dam"], baseline_ms=least["baseline"],
        )  # fmt: skip
    _free()


def half_step(size: Size, device: str) -> Callable[[], None]:
    """A whole step of ResNet-50 in bf16 and with channels last, with the baseline's loss."""
    from torchvision.models import resnet50

    torch.manual_seed(0)
    model = resnet50(num_classes=size.dim).to(device, memory_format=torch.channels_last)
    loss = loss_of(size, "baseline").to(device)
    learned = [*model.parameters(), *loss.parameters()]
    optimiser = torch.optim.SGD(learned, lr=1e-4, fused=True)
    images = torch.randn(size.batch, 3, PIXELS, PIXELS, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = labels_of(size).to(device)

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast(images.device.type, torch.bfloat16):
            features = model(images)
        loss(features, labels).backward()
        optimiser.step()

    return step


def _memory(size: Size, conditions: Conditions) -> Iterator[Check]:
    """What torch allocates for inputs, weights and two loss steps."""
    if not conditions.is_gpu:
        yield not_measured(f"{size}, peak memory", "there is no GPU here")
        return
    for arm in _ARMS:
        _free()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        make = partial(loss_step, size, arm, conditions.device, head=False)
        peak = (peak_memory(make, conditions.device) - before) / GIB
        if arm == "baseline":
            yield only_measured(f"{size}, baseline's peak (GiB)", peak)
        else:
            yield at_most(f"{size}, DAM's peak (GiB)", peak, LARGEST)


def _free() -> None:
    gc.collect()
    torch.cuda.empty_cache()
