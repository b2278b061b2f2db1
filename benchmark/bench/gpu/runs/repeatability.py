"""Runs that must be equal: made twice, stopped and resumed, by any number of loaders, or `all`."""

import math
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import torch

from benchmark.bench.gpu.checks import (
    Check,
    Conditions,
    Task,
    at_most,
    holds,
    not_measured,
    only_measured,
)
from benchmark.bench.gpu.runs.planned import (
    Configs,
    Outcome,
    changed,
    finished,
    noise_runs,
    small_photograph_runs,
    stopped,
)
from benchmark.run_config import RunConfig

LOADERS = (1, 8)
QUICK_LOADERS = (1,)
PRECISIONS = ("tf32", "bf16", "fp16")
QUICK_PRECISIONS = ("bf16",)
"""Those that a CPU has."""
NEAR = 0.02
"""By how much of it the first loss in a precision may differ from that in fp32."""
EQUAL = "equal losses, metrics, digests and weights"


def tasks(conditions: Conditions) -> Iterator[Task]:
    """First the small runs of every kind, then ResNet-50."""
    runs = noise_runs(conditions)
    for objective in sorted({objective for objective, _ in runs}):
        case = _Cases(conditions, f"noise {objective}", objective, runs)
        yield case.task("baseline", "twice", _Case.twice)
        yield case.task("dam", "twice", _Case.twice)
        yield case.task("baseline", "rule all", _Case.everything)
        yield case.task("dam", "resumed", _Case.resumed)
    case = _Cases(conditions, "noise norm_softmax", "norm_softmax", runs)
    yield case.task("dam", "loaders", _Case.loaders)
    yield case.task("erasing", "loaders", _Case.loaders)
    yield case.task("erasing", "resumed", _Case.resumed)
    for precision in PRECISIONS if conditions.is_gpu else QUICK_PRECISIONS:
        yield case.task("dam", precision, partial(_precision, precision=precision))
    if not conditions.is_gpu:
        yield Task("ResNet-50", lambda: [not_measured("ResNet-50", "there is no GPU here")])
        return
    photographs = small_photograph_runs(conditions)
    case = _Cases(conditions, "ResNet-50 proxy_anchor", "proxy_anchor", photographs)
    yield case.task("dam", "twice", _Case.twice)
    yield case.task("dam", "resumed", partial(_Case.resumed, loaders=2))
    yield case.task("dam", "loaders", _Case.loaders)
    yield case.task("baseline", "rule all", _Case.everything)
    case = _Cases(conditions, "ResNet-50 multi_similarity", "multi_similarity", photographs)
    yield case.task("dam", "twice", _Case.twice)
    for precision in ("bf16", "fp16"):
        yield case.task("dam", precision, partial(_precision, precision=precision))


class _Cases:
    """The arms of an objective, each of which is run when it is first needed."""

    def __init__(self, conditions: Conditions, name: str, objective: str, runs: Configs) -> None:
        self.conditions, self.name, self.objective, self.runs = conditions, name, objective, runs
        self._made: dict[str, _Case] = {}

    def task(self, arm: str, what: str, make: Callable[["_Case"], Iterator[Check]]) -> Task:
        """A task on an arm."""
        return Task(f"{self.name} {arm}, {what}", lambda: make(self._arm(arm)))

    def _arm(self, arm: str) -> "_Case":
        if arm not in self._made:
            self._made[arm] = _Case(self, arm)
        return self._made[arm]


class _Case:
    """An arm of an objective, and its first run, with which others are compared."""

    def __init__(self, cases: _Cases, arm: str) -> None:
        self.conditions = cases.conditions
        self.name = f"{cases.name} {arm}"
        self.config = cases.runs[cases.objective, arm]
        self.keeps_all = cases.runs[cases.objective, "everything"]

    @cached_property
    def first(self) -> Outcome:
        """The run as it is, in fp32, loaded by the process that trains."""
        return self.run(self.config, "first")

    def run(self, config: RunConfig, what: str, **options: Any) -> Outcome:
        """A run in a folder of its own."""
        return finished(config, self.conditions.work / f"{self.name} {what}", **options)

    def compared(self, what: str, other: Outcome, note: str = "") -> Check:
        """A check that another run is equal to the first one."""
        different = self.first.differences(other)
        words = f"different: {different}" if different else note
        return holds(f"{self.name}, {what}", not different, EQUAL, words)

    def twice(self) -> Iterator[Check]:
        """Made again from the beginning."""
        yield self.compared("made twice", self.run(self.config, "twice"))

    def everything(self) -> Iterator[Check]:
        """Beside the arm that keeps all elements."""
        yield self.compared("beside rule=all", self.run(self.keeps_all, "all"))

    def resumed(self, loaders: int = 0) -> Iterator[Check]:
        """Stopped within the first epoch."""
        folder = self.conditions.work / f"{self.name} resumed"
        last = stopped(self.config, folder, 3, loaders)
        again = finished(self.config, folder, loaders=loaders)
        yield self.compared("stopped and resumed", again, f"stopped after step {last}")

    def loaders(self) -> Iterator[Check]:
        """Loaded by other processes."""
        for number in QUICK_LOADERS if self.conditions.quick else LOADERS:
            other = self.run(self.config, f"{number} loaders", loaders=number)
            yield self.compared(f"by {number} loader processes", other)


def _precision(case: _Case, precision: str) -> Iterator[Check]:
    config = changed(case.config, precision=precision)
    lower = case.run(config, precision)
    finite = all(map(math.isfinite, [*lower.losses, *lower.result["metrics"].values()]))
    finite = finite and all(bool(tensor.isfinite().all()) for tensor in lower.weights.values())
    name = f"{case.name}, {precision}"
    yield holds(f"{name} without NaN", finite, "finite losses, metrics and weights")
    exact, found = case.first.steps[0], lower.steps[0]
    yield at_most(
        f"{name}, first loss beside fp32", abs(found - exact) / abs(exact), NEAR, "relative",
        fp32=exact, loss=found,
    )  # fmt: skip
    other = not all(map(torch.equal, lower.weights.values(), case.first.weights.values()))
    yield holds(f"{name}, weights", other, "other than in fp32")
    yield only_measured(
        f"{name}, last epoch's loss / fp32's", lower.losses[-1] / case.first.losses[-1]
    )
    again = case.run(config, f"{precision} twice")
    different = lower.differences(again)
    yield holds(f"{name}, made twice", not different, EQUAL, different)
