"""The rival mechanisms: where they act, that they rest in testing, and how much they erase."""

import pytest
import torch
from torch import Tensor, nn

from baselines.attention import Cbam
from baselines.erasing import DropBlock, Dropout, RandomErasing

MAP = torch.rand(64, 16, 14, 14, generator=torch.Generator().manual_seed(0)) + 1


@pytest.mark.parametrize("rival", [Dropout(), DropBlock(), RandomErasing()])
def test_erasing_rests_in_testing(rival: nn.Module) -> None:
    x = MAP if rival.place != "embedding" else MAP.flatten(1)
    assert torch.equal(rival.eval()(x), x)
    assert not torch.equal(rival.train()(x), x)


def test_dropout_erases_its_share_and_keeps_the_scale() -> None:
    torch.manual_seed(0)
    dropped = Dropout(0.3).train()(torch.ones(200, 500))
    assert 0.29 < (dropped == 0).float().mean() < 0.31
    assert dropped.mean() == pytest.approx(1, abs=0.01)


def test_drop_block_erases_squares() -> None:
    torch.manual_seed(0)
    dropped = DropBlock(0.1, block=3).train()(MAP)
    erased = dropped == 0
    assert 0.07 < erased.float().mean() < 0.13
    # Each erased position belongs to a square of 3 x 3 that is erased whole.
    squares = torch.nn.functional.max_pool2d(-erased.float(), 3, stride=1)  # -1: erased whole
    covered = torch.nn.functional.max_pool2d(
        torch.nn.functional.pad(-squares, (2, 2, 2, 2)), 3, stride=1
    )
    assert torch.equal(covered.bool(), erased)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 7)])
def test_drop_block_takes_small_maps(size: tuple[int, int]) -> None:
    dropped = DropBlock(0.5, block=7).train()(torch.ones(20, 30, *size))
    assert dropped.isfinite().all()
    assert 0.2 < (dropped == 0).float().mean() < 0.8


def test_random_erasing_takes_one_rectangle_of_each_image() -> None:
    torch.manual_seed(0)
    images = torch.ones(40, 3, 32, 32)
    erased = RandomErasing(p=1.0, smallest=0.1, largest=0.3).train()(images) == 0
    boxes = set()
    for holes in erased:
        assert torch.equal(holes[0], holes[1])
        rows, columns = holes[0].any(1), holes[0].any(0)
        assert torch.equal(holes[0], rows.unsqueeze(1) & columns)
        assert 0.08 < holes[0].float().mean() < 0.32
        boxes.add((tuple(rows.tolist()), tuple(columns.tolist())))
    assert len(boxes) > 30
    levels = torch.full((40, 3, 32, 32), 255, dtype=torch.uint8)
    torch.manual_seed(0)
    found = RandomErasing(p=1.0, smallest=0.1, largest=0.3).train()(levels)
    assert found.dtype == torch.uint8
    colour = torch.tensor([124, 116, 104], dtype=torch.uint8)[:, None, None]
    assert torch.equal(found, torch.where(erased, colour, levels))


def naive_cbam(module: Cbam, x: Tensor) -> Tensor:
    """Woo et al., equations 1 to 3, with the module's weights."""
    first, second = module.channel.fc1.weight[:, :, 0, 0], module.channel.fc2.weight[:, :, 0, 0]

    def shared(pooled: Tensor) -> Tensor:
        return (pooled @ first.T).relu() @ second.T

    channels = (shared(x.mean((2, 3))) + shared(x.amax((2, 3)))).sigmoid()
    x = x * channels[:, :, None, None]
    pooled = torch.stack([x.mean(1), x.amax(1)], 1)
    return x * module.spatial.eval().conv(pooled).sigmoid()


def test_cbam_equals_its_equations() -> None:
    torch.manual_seed(0)
    module = Cbam(16, reduction=4).eval()
    assert module.channel.fc1.weight.shape[0] == 4
    torch.testing.assert_close(module(MAP), naive_cbam(module, MAP))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DropBlock(block=2), "block must be an odd number from 1"),
        (lambda: DropBlock(p=1.0), "p must be from 0"),
        (lambda: RandomErasing(smallest=0.5, largest=0.2), "smallest <= largest"),
        (lambda: Cbam(16, kernel=4), "an odd kernel"),
        (lambda: Dropout(1.5), "probability"),
    ],
)
def test_wrong_options_are_told(make: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
