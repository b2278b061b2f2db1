"""What the README shows runs as it stands there."""

import re
from pathlib import Path

import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss

from baselines.pair import MultiSimilarity
from benchmark.dam import PairDAM
from benchmark.losses import PairLoss

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_dam_in_your_own_loop() -> None:
    embedding = torch.nn.Linear(8, 512)
    optimiser = torch.optim.SGD(embedding.parameters(), lr=0.1)
    labels = torch.arange(12) // 3
    names = {
        "labels": labels,
        "optimiser": optimiser,
        "proxies": torch.randn(100, 512),
    }
    own_loop = README.split("## DAM in your own loop")[1].split("\n## ")[0]
    shown = re.findall(r"```python\n(.*?)```", own_loop, flags=re.DOTALL)
    assert len(shown) == 3
    for block in shown:
        embedding.zero_grad()
        names["features"] = embedding(torch.randn(12, 8))
        exec(block, names)
    assert names["loss"].proxies.grad is not None
    assert names["S"].shape == (12, 12)
    # The library's loss has other defaults, and mines nothing.
    objective = MultiSimilarity(alpha=2, beta=50, base=0.5, epsilon=99)
    features = names["features"].detach().requires_grad_()
    found = names["criterion"](features, labels)
    expected = PairLoss(objective, PairDAM(joint=0))(features, labels)
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, MultiSimilarityLoss()(features, labels))
    gradients = [torch.autograd.grad(loss, features) for loss in (found, expected)]
    torch.testing.assert_close(*gradients)
    assert embedding.weight.grad is not None


def test_every_command_is_there() -> None:
    from benchmark.__main__ import _parser

    shown = re.findall(r"^    python -m benchmark (\w+)", README, flags=re.MULTILINE)
    assert set(shown) == {"data", "plan", "run", "report", "bench"}
    line = "run --suite smoke --out DIR --workers 2 --data-root DIR --seeds 0,1,2"
    assert _parser().parse_args(line.split()).seeds == [0, 1, 2]


def test_suites_are_the_ones_there_are() -> None:
    from benchmark.suite.plan import suites

    table = README.split("| suite |")[1].split("\n\n")[0]
    first = re.findall(r"^\| (`.*?`) \|", table, flags=re.MULTILINE)
    assert sorted(name for cell in first for name in re.findall(r"`(\w+)`", cell)) == suites()
