"""A step on a GPU, as far as a machine without one can tell: with tensors that have no content.

A tensor that is left on the CPU, or a number that is read from the GPU, raises an error here. The
kernels themselves aren't launched; they are interpreted, and compiled, in tests/dam/kernels.
"""

from contextlib import nullcontext
from unittest.mock import patch

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from benchmark.models.backbones.photo import Normalisation, PhotoBackbone
from benchmark.training.building import build_model
from tests.training.small_runs import configured

CASES = [
    ("norm_softmax", "norm_softmax"),
    ("proxy_anchor", "proxy_anchor"),
    ("norm_softmax", "cos_face"),
    ("multi_similarity", "multi_similarity"),
    ("triplet", "triplet"),
    ("triplet", "contrastive"),
    *(("multi_similarity", name) for name in ("circle", "lifted_structure", "npair")),
    ("norm_softmax", "soft_triple"),
    ("triplet", "triplet objective.mining=batch_all"),
    ("triplet", "triplet objective.mining=semi_hard"),
    ("triplet", "margin"),
    ("multi_similarity", "multi_similarity memory.size=30"),
]


@pytest.mark.parametrize("arm", ["baseline", "dam"])
@pytest.mark.parametrize(("like", "objective"), CASES)
def test_a_step_stays_on_the_gpu(like: str, objective: str, arm: str) -> None:
    config = configured(like, arm, *f"objective.type={objective}".split())
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    with mode, torch.device("cuda"):
        model = build_model(config, 100).train()
    del model.loss.step  # it stays on the CPU, where it may be read
    model.loss.step = 0
    model.loss.check_labels, model.loss.progress = False, 0.0
    launched = []
    with (
        mode,
        patch("benchmark.dam.kernels.technology._triton_can", lambda features: features.is_cuda),
        patch("torch.cuda.device_of", lambda tensor: nullcontext()),
        patch(
            "triton.runtime.jit.JITFunction.run",
            lambda kernel, *arguments, **options: launched.append(kernel.__name__),
        ),
    ):
        images = torch.empty(12, 1, 32, 32, device="cuda")
        labels = torch.zeros(12, dtype=torch.int64, device="cuda")
        loss = model(images, labels, mode="loss")["loss"]
    assert loss.device.type == "cuda" and loss.shape == ()
    # With several centres a class, torch computes the mapping.
    assert bool(launched) == (arm == "dam" and objective != "soft_triple")


class OneLayer(PhotoBackbone):
    def __init__(self) -> None:
        super().__init__(False, Normalisation([0.5] * 3, [0.5] * 3, bgr=True))
        self.network = torch.nn.Conv2d(3, 4, 3)

    def feature_map(self, images: Tensor) -> Tensor:
        found: Tensor = self.network(images)
        return found


def test_photographs_are_normalised_on_the_gpu() -> None:
    with FakeTensorMode():
        with torch.device("cuda"):
            net = OneLayer()
        images = torch.empty(2, 8, 6, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
        found = net(images.to("cuda", non_blocking=True))
    assert found.device.type == "cuda" and found.dtype == torch.float32
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_what_waits_for_a_gpu_is_found() -> None:
    with FakeTensorMode(), pytest.raises(DataDependentOutputException):
        torch.ones((), device="cuda").item()
    with FakeTensorMode(), pytest.raises(RuntimeError, match="found two different devices"):
        torch.ones(2, device="cuda") + torch.ones(2)
