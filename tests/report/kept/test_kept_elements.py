"""Which elements are kept, by the proxies that runs left."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from benchmark.analysis.selection import kept_share
from benchmark.report.figures.style import looks
from benchmark.report.kept import shares
from benchmark.report.kept.figure import kept_figure
from benchmark.report.kept.shares import kept_shares
from benchmark.report.kept.sheet import kept_sheet

CLASSES, DIM = 12, 10


def proxies(arm: str, seed: int) -> torch.Tensor:
    """Proxies that differ most in the first elements, the more so in the baseline."""
    drawn = torch.randn(CLASSES, DIM, generator=torch.Generator().manual_seed(seed))
    steps = torch.linspace(3.0 if arm == "baseline" else 1.2, 1.0, DIM)
    return drawn * steps


def store_pairs(store: Any, name: str = "loss.proxies", **run: Any) -> None:
    for arm in ("baseline", "dam"):
        for seed in range(3):
            folder = store(arm=arm, seed=seed, **run)
            save_file({name: proxies(arm, seed)}, folder / "weights.safetensors")


def test_shares_are_those_of_all_class_pairs_under_the_arms_rule(store: Any, group_of: Any) -> None:
    store_pairs(store)
    found = kept_shares(group_of().comparisons[0])
    assert found is not None
    for arm, of_arm in found.arms():
        for seed in range(3):
            expected = kept_share(F.normalize(proxies(arm, seed)), "quantile", 0.8)
            np.testing.assert_allclose(of_arm[seed], expected, atol=1e-12)
    np.testing.assert_allclose(found.dam.mean(axis=1), 0.8)


def test_a_sample_stands_for_many_class_pairs(
    store: Any, group_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "PAIRS", 40)
    shares._pairs.cache_clear()
    try:
        assert len(shares._pairs(CLASSES)) == len(torch.unique(shares._pairs(CLASSES), dim=0)) == 40
        assert torch.equal(shares._pairs(CLASSES), shares._pairs.__wrapped__(CLASSES))
    finally:
        shares._pairs.cache_clear()


def test_the_table_says_how_unevenly(store: Any, group_of: Any) -> None:
    store_pairs(store)
    sheet = kept_sheet(group_of())
    assert sheet is not None
    baseline, dam = (line.values for line in sheet.lines)
    assert (baseline[:3], dam[:3]) == (["baseline", 3, DIM], ["dam", 3, DIM])
    assert dam[6].mean < baseline[6].mean  # the spread
    assert dam[7].mean == pytest.approx(dam[6].mean - baseline[6].mean)
    assert dam[3].mean <= dam[4].mean <= dam[5].mean


def test_the_figure_orders_the_elements(store: Any, group_of: Any) -> None:
    store_pairs(store)
    figure = kept_figure(group_of(), looks(["baseline", "dam"]))
    assert figure is not None
    for line in figure.axes[0].lines:
        heights = list(line.get_ydata())
        assert heights == sorted(heights, reverse=True) and len(heights) == DIM


def test_a_joint_objective_has_proxies_too(store: Any, group_of: Any) -> None:
    part = {"type": "dam", "rule": "quantile", "keep": 0.5}
    joint = {"type": "joint", "proxy": part, "pair": part}
    for arm, similarity in (("baseline", {"type": "plain"}), ("dam", joint)):
        folder = store(arm=arm, objective="joint", similarity=similarity)
        save_file({"loss.proxy.proxies": proxies(arm, 0)}, folder / "weights.safetensors")
    found = kept_shares(group_of().comparisons[0])
    assert found is not None
    assert found.dam.mean() == pytest.approx(0.5)


@pytest.mark.parametrize("damage", ["pair loss", "soft rule", "no file", "no safetensors"])
def test_what_has_no_kept_sets_is_left_out(
    store: Any, group_of: Any, tmp_path: Path, damage: str
) -> None:
    if damage == "pair loss":
        store_pairs(store, name="loss.step")
    elif damage == "soft rule":
        store(arm="baseline")
        store(arm="dam", similarity={"type": "dam", "rule": "soft", "keep": 0.8})
    else:
        store_pairs(store)
        for path in tmp_path.rglob("weights.safetensors"):
            path.write_bytes(b"?") if damage == "no safetensors" else path.unlink()
    group = group_of()
    assert kept_shares(group.comparisons[0]) is None
    assert kept_sheet(group) is None
    assert kept_figure(group, looks(["baseline", "dam"])) is None
