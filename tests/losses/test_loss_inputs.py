"""Every objective, plain and with DAM: memory order, integer types, and what is refused."""

import pytest
import torch
from every_loss import CLASSES, DIM, NAMES, loss_of
from torch import nn

from benchmark.dam.inputs import INTEGERS

LABELS = torch.arange(12) % CLASSES
LAYOUTS = {
    "transposed": lambda W, X: (W @ X).T,
    "normalised": lambda W, X: nn.functional.normalize((W @ X).T),
    "sliced": lambda W, X: torch.cat([W @ X, X[:1].expand(3, -1)]).T[:, :DIM],
    "expanded": lambda W, X: (W @ X).T.unsqueeze(0).expand(2, -1, -1)[1],
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mapped", [False, True], ids=["plain", "dam"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_gradient_is_lost_in_any_memory_order(name: str, mapped: bool, layout: str) -> None:
    generator = torch.Generator().manual_seed(1)
    W = torch.randn(DIM, 6, generator=generator, dtype=torch.float64).requires_grad_()
    X = torch.randn(6, 12, generator=generator, dtype=torch.float64)
    found = []
    for contiguous in (False, True):
        loss = loss_of(name, mapped).double()
        for _ in range(2):  # the second step has a memory
            features = LAYOUTS[layout](W, X)
            value = loss(features.contiguous() if contiguous else features, LABELS)
        learned = [W, *(p for p in loss.parameters())]
        found.append([value, *torch.autograd.grad(value, learned)])
    torch.testing.assert_close(*found)
    assert found[0][1].norm() > 1e-3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mapped", [False, True], ids=["plain", "dam"])
def test_labels_of_every_integer_type_and_of_no_other(name: str, mapped: bool) -> None:
    features = torch.randn(12, DIM, generator=torch.Generator().manual_seed(1))
    expected = loss_of(name, mapped)(features, LABELS)
    for dtype in INTEGERS:
        assert torch.equal(loss_of(name, mapped)(features, LABELS.to(dtype)), expected)
    for wrong in (LABELS.float(), LABELS.double(), LABELS.bool(), LABELS.tolist()):
        with pytest.raises(ValueError, match="labels must be a tensor of whole class numbers"):
            loss_of(name, mapped)(features, wrong)
    for wrong in (LABELS[:1], LABELS.unsqueeze(1)):
        with pytest.raises(ValueError, match=r"labels must be \[12\], one class each"):
            loss_of(name, mapped)(features, wrong)


def test_a_memory_of_another_number_of_elements_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"features must be floats \[B, 8\], not torch.float32 \[12, 6\]"
    ):
        loss_of("memory", True)(torch.randn(12, 6), LABELS)
