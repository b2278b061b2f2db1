"""Gradients of gradients: refused where a kernel serves, right where plain autograd does."""

import pytest
import torch
from torch import Tensor

from benchmark.dam import pair_similarity, proxy_similarity

LABELS = torch.tensor([0, 3, 3, 1, 0])


def draw() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    features, others = torch.randn(2, 5, 6, generator=generator, dtype=torch.float64)
    return features.requires_grad_(), others.requires_grad_()


MAPPED = {
    "margin": lambda f, w: proxy_similarity(f, w, LABELS),
    "margin_cosine": lambda f, w: proxy_similarity(f, w, LABELS, mapping="margin_cosine"),
    "centres": lambda f, w: proxy_similarity(
        f, w.repeat(2, 1), LABELS, centres=2, to_class=lambda S: S.amax(-1)
    ),
    "naive_cosine": lambda f, w: proxy_similarity(f, w, LABELS, mapping="naive_cosine"),
    "masked_distance": lambda f, w: pair_similarity(f, LABELS),
    "masked_cosine": lambda f, w: pair_similarity(f, LABELS, similarity="masked_cosine"),
    "euclidean": lambda f, w: pair_similarity(f, LABELS, metric="euclidean"),
    "references": lambda f, w: pair_similarity(f, LABELS, references=w, reference_labels=LABELS),
}


@pytest.mark.usefixtures("technology")
@pytest.mark.parametrize("mapping", MAPPED)
@pytest.mark.parametrize("linear", [True, False])
def test_second_order_is_refused(mapping: str, linear: bool) -> None:
    """The upstream gradient of a linear loss is a constant, of another one it isn't."""
    features, others = draw()
    S = MAPPED[mapping](features, others)
    loss = S.sum() if linear else S.square().sum()
    loss = loss + features.pow(3).sum()  # a path around the mapping, which autograd could take
    with pytest.raises(RuntimeError, match="DAM has no second-order gradients"):
        torch.autograd.grad(loss, features, create_graph=True)
    with pytest.raises(RuntimeError, match="DAM has no second-order gradients"):
        loss.backward(create_graph=True)
    loss.backward()  # the first order is still there
    assert features.grad is not None
    assert features.grad.isfinite().all()


@pytest.mark.parametrize(
    "similarity",
    [
        lambda f, w: proxy_similarity(f, w, LABELS, rule="all"),
        lambda f, w: pair_similarity(f, LABELS, rule="all"),
        lambda f, w: pair_similarity(
            f, LABELS, rule="all", references=w, reference_labels=LABELS, metric="inner_product"
        ),
        lambda f, w: proxy_similarity(f, w, LABELS, keep=0.5, mapping="naive_feature"),
        lambda f, w: proxy_similarity(f, w, LABELS, keep=0.5, mapping="naive_both"),
    ],
)
def test_second_order_of_plain_autograd_is_right(similarity) -> None:
    inputs = draw()
    weights = torch.randn(5, 5, generator=torch.Generator().manual_seed(1)).double()
    assert torch.autograd.gradgradcheck(lambda f, w: (similarity(f, w) * weights).sin(), inputs)


def test_second_order_of_plain_distances_is_refused() -> None:
    features, _ = draw()
    loss = pair_similarity(features, LABELS, rule="all", metric="euclidean").exp().sum()
    (first,) = torch.autograd.grad(loss, features, create_graph=True)
    # torch's own refusal: its distances (cdist) have no second derivative.
    with pytest.raises(NotImplementedError, match="derivative"):
        torch.autograd.grad(first.square().sum(), features)
