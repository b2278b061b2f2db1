"""Steps of a small model in float64: alone, or as one of several processes that torchrun started.

python joined_steps.py FOLDER CASE ...      writes losses, gradients and weights of all steps
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor

from baselines.pair import MultiSimilarity, Triplet
from baselines.proxy import NormSoftmax, ProxyAnchor
from benchmark.dam import PairDAM, ProxyDAM
from benchmark.losses import JointLoss, PairLoss, ProxyLoss
from benchmark.models import RetrievalModel
from benchmark.models.backbones.glyphnet import GlyphNet
from benchmark.models.joined import join_batch_norms
from benchmark.training.distributed import JoinedOptimWrapper, process_group, share

CLASSES, DIM, BATCH, STEPS = 5, 12, 24, 3


def loss_of(case: str) -> ProxyLoss | PairLoss | JointLoss:
    if case == "proxy":
        return ProxyLoss(NormSoftmax(), CLASSES, DIM, ProxyDAM(rule="random"))
    if case == "proxy_anchor":
        return ProxyLoss(ProxyAnchor(), CLASSES, DIM, ProxyDAM())
    if case == "memory":
        return PairLoss(MultiSimilarity(), PairDAM(rule="random"), memory=40, dim=DIM)
    return JointLoss(
        ProxyLoss(NormSoftmax(), CLASSES, DIM, ProxyDAM()), PairLoss(Triplet(), PairDAM())
    )


def steps(case: str) -> dict[str, Tensor]:
    torch.manual_seed(0)
    model = RetrievalModel(GlyphNet(width=4), DIM, loss_of(case), neck="bn").double()
    model = join_batch_norms(model, "cpu")
    network = [p for name, p in model.named_parameters() if not name.startswith("loss.")]
    wrapper = JoinedOptimWrapper(torch.optim.SGD(model.parameters(), lr=0.05), network=network)
    found = {}
    for step in range(STEPS):
        draw = torch.Generator().manual_seed(step)
        images = torch.rand(BATCH, 1, 32, 32, generator=draw, dtype=torch.float64)
        labels = torch.randint(CLASSES, (BATCH,), generator=draw)
        part = share(BATCH)
        loss = model(images[part], labels[part], mode="loss")["loss"]
        wrapper.backward(loss)
        wrapper.step()
        found[f"{step}.loss"] = loss.detach()
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                found[f"{step}.gradient.{name}"] = parameter.grad.clone()
        for name, value in model.state_dict().items():
            found[f"{step}.state.{name}"] = value.clone()
        wrapper.zero_grad()
    return found


def main(folder: Path, cases: list[str]) -> None:
    torch.set_num_threads(1)
    with process_group("cpu"):
        rank = dist.get_rank() if dist.is_initialized() else 0
        for case in cases:
            save_file(steps(case), folder / f"{case}.{rank}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
