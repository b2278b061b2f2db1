"""Under torch.compile a loss with DAM has the values that it has without."""

from collections.abc import Callable

import pytest
import torch
from every_loss import CLASSES, DIM, PAIR, PROXY, loss_of
from torch import Tensor, nn

LABELS = torch.arange(12) % CLASSES
MODULES = ("NormSoftmax", "SoftTriple", "MultiSimilarity", "Margin drawn", "memory", "joint")
"""Losses that differ in more than the objective; of the others the objective is compiled alone."""
OBJECTIVES = {name: make for name, make in (PROXY | PAIR).items() if name not in MODULES}

pytestmark = pytest.mark.filterwarnings("ignore")


def compiled(module: nn.Module, backend: str) -> Callable[..., Tensor]:
    pytest.importorskip("torch._dynamo")
    torch._dynamo.reset()
    result: Callable[..., Tensor] = torch.compile(module, backend=backend, fullgraph=False)
    return result


@pytest.mark.parametrize(
    ("name", "backend"), [*((name, "eager") for name in MODULES), ("joint", "aot_eager")]
)
def test_compiled_loss_equals_the_eager_one(name: str, backend: str) -> None:
    """With a memory in the second of two steps."""
    generator = torch.Generator().manual_seed(1)
    batches = torch.randn(2, 12, DIM, generator=generator)
    eager, own = loss_of(name, True), loss_of(name, True)
    step = compiled(own, backend)
    for batch in batches if name == "memory" else batches[:1]:
        found = []
        for call, loss in ((eager, eager), (step, own)):
            features = batch.clone().requires_grad_()
            value = call(features, LABELS)
            found.append([value, *torch.autograd.grad(value, [features, *loss.parameters()])])
        torch.testing.assert_close(*found)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_compiled_objective_equals_the_eager_one(name: str) -> None:
    objective = OBJECTIVES[name]()
    columns = CLASSES if name in PROXY else 12
    generator = torch.Generator().manual_seed(1)
    S = torch.rand(12, columns, generator=generator)
    S = -2 * S if objective.metric == "euclidean" else 2 * S - 1
    positive = LABELS.unsqueeze(1) == torch.arange(columns) % CLASSES
    found = []
    for call in (objective, compiled(objective, "eager")):
        torch.manual_seed(0)  # drawn negatives
        similarities = S.clone().requires_grad_()
        value = call(similarities, positive)
        found.append([value, *torch.autograd.grad(value, similarities)])
    torch.testing.assert_close(*found)
