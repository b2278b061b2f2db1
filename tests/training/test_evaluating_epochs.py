"""Evaluations in training: they stand in the history, and change nothing."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from small_runs import FEW_IMAGES, configured, finished

from benchmark.training.elements import HALVES, Elements, read_elements


def test_epochs_are_evaluated_where_it_is_wanted_and_training_is_the_same(tmp_path: Path) -> None:
    changes = ("epochs=3", *FEW_IMAGES)
    plain, weights = finished(configured("norm_softmax", "baseline", *changes), tmp_path / "plain")
    often, same = finished(
        configured("norm_softmax", "baseline", *changes, "evaluate_every=2"), tmp_path / "often"
    )
    assert [sorted(epoch) for epoch in plain["history"]] == [["epoch", "loss", "seconds"]] * 3
    first, second, third = often["history"]
    assert "metrics" not in first and second["metrics"] != third["metrics"]
    assert third["metrics"] == often["metrics"] == plain["metrics"]
    end, course = read_elements(tmp_path / "plain"), read_elements(tmp_path / "often")
    assert end is not None and course is not None
    assert (end.epochs.tolist(), course.epochs.tolist()) == ([3], [2, 3])
    for name in (field.name for field in fields(Elements) if field.name != "epochs"):
        alone, last = getattr(end, name), getattr(course, name)
        if name.startswith(HALVES):
            assert len(last) == 2
            alone, last = alone[0], last[1]
        assert np.array_equal(alone, last, equal_nan=True), name
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    cues = often["dataset"]["cues"]
    assert next(iter(cues)) == "shell_colour" and len(cues) == 6
    assert {f"cue_accuracy.{cue}" for cue in cues} < third["metrics"].keys()
