"""The Python of the README and of docs/own_loop.md runs as it stands there."""

import pytest
import torch
from pages import PAGES, ROOT, Block, all_blocks, blocks
from pytorch_metric_learning.losses import MultiSimilarityLoss

from baselines.pair import MultiSimilarity
from benchmark.dam import PairDAM
from benchmark.losses import PairLoss

LOOPS = [ROOT / "README.md", ROOT / "docs" / "own_loop.md"]


def run(shown: list[Block]) -> dict:
    """The names after the blocks ran one after another, with features, labels and an optimiser."""
    torch.manual_seed(0)
    embedding = torch.nn.Linear(8, 512)
    names = {
        "embedding": embedding,
        "optimiser": torch.optim.SGD(embedding.parameters(), lr=0.1),
        "labels": torch.arange(12) // 3,
        "proxies": torch.randn(100, 512),
    }
    for block in shown:
        embedding.zero_grad()
        names["features"] = embedding(torch.randn(12, 8))
        exec(compile(block.text, str(block), "exec"), names)
        if ".backward()" in block.text:
            assert embedding.weight.grad.norm() > 0, block
    return names


def python(path) -> list[Block]:
    return [block for block in blocks(path) if block.language == "python"]


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.name)
def test_dam_in_your_own_loop(path) -> None:
    names = run(python(path))
    assert len(names["optimiser"].param_groups) == 2


def test_the_readme_shows_the_first_block_of_the_page() -> None:
    (short,), long = python(LOOPS[0]), python(LOOPS[1])
    code = [line.partition("  #")[0] for line in short.text.splitlines()]
    assert code == [line.partition("  #")[0] for line in long[0].text.splitlines()]


def test_similarities_have_the_shapes_that_are_shown() -> None:
    names: dict = run(python(LOOPS[1]))
    assert names["S"].shape == (12, 12)


def test_a_librarys_loss_with_dam_is_this_projects() -> None:
    """The library's loss has other defaults, and mines nothing."""
    names = run(python(LOOPS[1]))
    objective = MultiSimilarity(alpha=2, beta=50, base=0.5, epsilon=99)
    features = names["features"].detach().requires_grad_()
    found = names["criterion"](features, names["labels"])
    expected = PairLoss(objective, PairDAM(joint=0))(features, names["labels"])
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, MultiSimilarityLoss()(features, names["labels"]))
    gradients = [torch.autograd.grad(loss, features) for loss in (found, expected)]
    torch.testing.assert_close(*gradients)


def test_no_other_page_has_python_that_nothing_runs() -> None:
    elsewhere = {block.page for block in all_blocks() if block.language == "python"}
    run_here = {path.relative_to(ROOT).as_posix() for path in LOOPS}
    # Those of the others are run by tests/test_one_file.py, tests/packaging/test_wheel.py and
    # tests/suite/tuning/test_search.py.
    others = {"docs/extending.md", "docs/installation.md", "docs/tuning.md"}
    assert elsewhere == run_here | others
    assert len(PAGES) > len(elsewhere)
