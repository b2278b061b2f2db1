"""Several processes with a part of the batch each take the steps of one process with all of it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from joined_steps import BATCH, CLASSES, main
from safetensors.torch import load_file

from benchmark.errors import UserError
from benchmark.models.joined import JoinedBatchNorm, gathered, join_batch_norms
from benchmark.training import distributed

SCRIPT = Path(__file__).with_name("joined_steps.py")


def torchrun(processes: int, folder: Path, cases: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1",
         "--nproc-per-node", str(processes), str(SCRIPT), str(folder), *cases],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-4000:]


@pytest.mark.parametrize(
    ("processes", "cases"), [(2, ["proxy", "memory"]), (4, ["joint", "proxy_anchor"])]
)
def test_losses_gradients_and_weights_are_those_of_one_process(
    processes: int, cases: list[str], tmp_path: Path
) -> None:
    for folder in (tmp_path / "alone", tmp_path / "joined"):
        folder.mkdir()
    main(tmp_path / "alone", cases)
    torchrun(processes, tmp_path / "joined", cases)
    for case in cases:
        alone = load_file(tmp_path / f"alone/{case}.0")
        assert {name.split(".")[1] for name in alone} == {"loss", "gradient", "state"}
        for rank in range(processes):
            joined = load_file(tmp_path / f"joined/{case}.{rank}")
            assert joined.keys() == alone.keys()
            for name, expected in alone.items():
                if not expected.is_floating_point():
                    assert torch.equal(joined[name], expected), name
                    continue
                assert expected.dtype == torch.float64 or "memory" in name
                apart = (joined[name] - expected).norm()
                least = expected.norm().clamp_min(1e-3)
                assert apart <= 1e-6 * least, (case, rank, name, float(apart))


def test_the_whole_batch_is_needed_for_the_loss(tmp_path: Path) -> None:
    """The comparison can fail: a loss of a part of the batch alone is another one."""
    main(tmp_path, ["joint"])
    whole = load_file(tmp_path / "joint.0")["0.loss"]
    torch.manual_seed(0)
    draw = torch.Generator().manual_seed(0)
    from joined_steps import DIM, loss_of

    from benchmark.models import RetrievalModel
    from benchmark.models.backbones.glyphnet import GlyphNet

    model = RetrievalModel(GlyphNet(width=4), DIM, loss_of("joint"), neck="bn").double()
    images = torch.rand(BATCH, 1, 32, 32, generator=draw, dtype=torch.float64)
    labels = torch.randint(CLASSES, (BATCH,), generator=draw)
    half = model(images[: BATCH // 2], labels[: BATCH // 2], mode="loss")["loss"]
    assert abs(float((half - whole).detach())) > 1e-3


def test_alone_nothing_is_sent() -> None:
    features = torch.randn(4, 3)
    assert gathered(features) is features
    assert distributed.share(24) == slice(0, 24)


def test_a_batch_that_cannot_be_split_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "processes", lambda: 4)
    with pytest.raises(UserError, match=r"25 images .* 4 processes"):
        distributed.share(25)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm_of_one_process_is_torchs(momentum: float | None) -> None:
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.BatchNorm2d(3, momentum=momentum)).double()
    joined = join_batch_norms(torch.nn.Sequential(torch.nn.BatchNorm2d(3)).double(), "cpu")
    assert isinstance(joined, torch.nn.Sequential) and isinstance(joined[0], JoinedBatchNorm)
    joined[0].momentum = momentum
    images = torch.randn(5, 3, 4, 4, dtype=torch.float64)
    for _ in range(2):
        torch.testing.assert_close(joined(images), plain(images))
    torch.testing.assert_close(joined.state_dict(), plain.state_dict())
