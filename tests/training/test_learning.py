"""Each objective's baseline learns on the typefaces: retrieval of unseen families improves."""

from pathlib import Path

import pytest

from benchmark.suite.plan import plan
from benchmark.training import train


@pytest.mark.parametrize(
    "objective", ["norm_softmax", "proxy_anchor", "multi_similarity", "triplet"]
)
def test_baseline_is_well_above_the_untrained_network(objective: str, tmp_path: Path) -> None:
    runs = plan("smoke", overrides=["epochs=2"], seeds=[0], device="cpu")
    (config,) = [
        run.config
        for run in runs
        if (run.config.objective_name, run.config.arm) == (objective, "baseline")
    ]
    result = train(config, tmp_path, lambda progress: None)
    assert result["history"][-1]["loss"] < result["history"][0]["loss"]
    assert result["metrics"]["recall@1"] > 1.2 * result["untrained"]["recall@1"]
