"""Evaluations in training: they stand in the history, and change nothing."""

from pathlib import Path

import torch
from small_runs import configured, finished


def test_epochs_are_evaluated_where_it_is_wanted_and_training_is_the_same(tmp_path: Path) -> None:
    changes = ("epochs=3", "dataset={'type': 'cues', 'cues': 6, 'images': 4}")
    changes += ("transform={'type': 'as_drawn'}", "backbone={'type': 'cuenet', 'width': 4}")
    plain, weights = finished(configured("norm_softmax", "baseline", *changes), tmp_path / "plain")
    often, same = finished(
        configured("norm_softmax", "baseline", *changes, "evaluate_every=2"), tmp_path / "often"
    )
    assert [sorted(epoch) for epoch in plain["history"]] == [["epoch", "loss", "seconds"]] * 3
    first, second, third = often["history"]
    assert "metrics" not in first and second["metrics"] != third["metrics"]
    assert third["metrics"] == often["metrics"] == plain["metrics"]
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    cues = often["dataset"]["cues"]
    assert next(iter(cues)) == "shell_colour" and len(cues) == 6
    assert {f"cue_accuracy.{cue}" for cue in cues} < third["metrics"].keys()
