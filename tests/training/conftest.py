"""A data set on which a run takes a second, in place of the glyphs."""

from pathlib import Path

import numpy as np
import pytest
from small_runs import keep_in

from benchmark.data.dataset import DataSet, Split
from benchmark.data.rendered.glyphs import GlyphAugmentation, GlyphImages


@pytest.fixture
def few_classes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Eight training and six test classes of noise around pictures, and nothing kept of them."""
    keep_in(monkeypatch, tmp_path / "cache")
    random = np.random.default_rng(0)
    means = random.integers(40, 215, (14, 1, 32, 32))
    noise = random.integers(-40, 41, (14, 12, 32, 32))
    grey = (means + noise).astype(np.uint8).reshape(-1, 32, 32)
    labels = np.repeat(np.arange(14), 12)
    few = DataSet(
        name="few",
        protocol="retrieval",
        note="noise",
        train=Split(GlyphImages(grey[:96], GlyphAugmentation()), labels[:96]),
        query=Split(GlyphImages(grey[96:]), labels[96:]),
    )
    monkeypatch.setattr("benchmark.training.run.load_inputs", lambda config: few)
