"""Under torch.compile a loss with DAM has the values that it has without."""

import pytest
import torch
from every_loss import CLASSES, DIM, NAMES, loss_of

LABELS = torch.arange(12) % CLASSES


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "backend"), [*((name, "eager") for name in NAMES), ("joint", "aot_eager")]
)
def test_compiled_loss_equals_the_eager_one(name: str, backend: str) -> None:
    """With a memory in the second of two steps."""
    pytest.importorskip("torch._dynamo")
    torch._dynamo.reset()
    generator = torch.Generator().manual_seed(1)
    batches = torch.randn(2, 12, DIM, generator=generator)
    eager, compiled = loss_of(name, True), loss_of(name, True)
    step = torch.compile(compiled, backend=backend, fullgraph=False)
    for batch in batches if name == "memory" else batches[:1]:
        found = []
        for call, loss in ((eager, eager), (step, compiled)):
            features = batch.clone().requires_grad_()
            value = call(features, LABELS)
            found.append([value, *torch.autograd.grad(value, [features, *loss.parameters()])])
        torch.testing.assert_close(*found)
