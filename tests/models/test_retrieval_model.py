"""From a map to a feature: pooling, embedding, neck, and what is attached."""

import pytest
import torch
from torch import Tensor, nn

from baselines.erasing import Dropout
from baselines.pair import Triplet
from baselines.proxy import NormSoftmax
from benchmark.losses import JointLoss, PairLoss, ProxyLoss
from benchmark.models.retrieval import RetrievalModel, pool

IMAGES = torch.randn(6, 5, 4, 3, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 0, 1, 1, 2, 2])


class Same(nn.Module):
    out_features = 5

    def forward(self, images: Tensor) -> Tensor:
        return images


def test_pooling() -> None:
    mean = IMAGES.sum((2, 3)) / 12
    largest = IMAGES.flatten(2).max(2).values
    torch.testing.assert_close(pool(IMAGES, "avg"), mean)
    torch.testing.assert_close(pool(IMAGES, "max"), largest)
    torch.testing.assert_close(pool(IMAGES, "avg+max"), mean + largest)


def test_without_an_embedding_the_backbone_gives_the_feature() -> None:
    model = RetrievalModel(Same(), None, PairLoss(Triplet()), pooling="max")
    torch.testing.assert_close(model(IMAGES), pool(IMAGES, "max"))


def test_the_neck_stands_between_the_parts_of_a_joint_loss() -> None:
    torch.manual_seed(0)
    proxy, pair = ProxyLoss(NormSoftmax(), 3, 5), PairLoss(Triplet())
    model = RetrievalModel(Same(), None, JointLoss(proxy, pair), neck="bn").train()
    assert [name for name, p in model.neck.named_parameters() if p.requires_grad] == ["weight"]
    before = pool(IMAGES, "avg")
    after = (before - before.mean(0)) / (before.var(0, unbiased=False) + 1e-5).sqrt()
    found = model(IMAGES, LABELS, mode="loss")["loss"]
    torch.testing.assert_close(found, proxy(after, LABELS) + pair(before, LABELS))
    assert model.eval()(IMAGES).shape == (6, 5)


def test_what_is_attached_acts_at_its_place_in_training_alone() -> None:
    torch.manual_seed(0)
    model = RetrievalModel(Same(), 200, PairLoss(Triplet()))
    plain = model.eval()(IMAGES)
    model.attach(Dropout(0.5))
    assert torch.equal(model(IMAGES), plain)
    dropped = model.train()(IMAGES)
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * plain[kept])


@pytest.mark.parametrize("pooling", ["avg", "avg+max"])
def test_gradients_reach_the_backbone(pooling: str) -> None:
    images = IMAGES.clone().requires_grad_()
    model = RetrievalModel(Same(), 4, ProxyLoss(NormSoftmax(), 3, 4), pooling=pooling)
    model(images, LABELS, mode="loss")["loss"].backward()
    assert images.grad.abs().sum() > 0
    assert all(p.grad is not None for p in model.parameters())
