"""How arms are told apart in figures."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.report.figures.curves import training_figure, wrapped
from benchmark.report.figures.forest import differences_figure, values_figure
from benchmark.report.figures.style import legend_above, looks
from benchmark.report.grouping import build_table
from benchmark.suite.store.runs import read_runs

ARMS = ["baseline", "dam", *(f"rival{number}" for number in range(26))]


def test_no_two_of_27_arms_look_alike() -> None:
    found = list(looks(ARMS).values())
    assert len({(look.colour, look.line) for look in found}) == len(ARMS)
    assert len({(look.colour, look.marker) for look in found}) == len(ARMS)


def drawn(line: Line2D) -> tuple[Any, Any]:
    return line.get_color(), line.get_linestyle()


@pytest.fixture
def eleven(store: Any) -> list[str]:
    for arm in ARMS[:11]:
        similarity = {"type": "plain" if arm == "baseline" else "dam", "rule": arm}
        for seed in range(2):
            metrics = {"recall@1": 0.3 + 0.01 * seed * len(arm), "map@r": 0.1}
            store(arm=arm, seed=seed, similarity=similarity, metrics=metrics)
    return ARMS[:11]


def test_panels_are_as_high_under_a_long_legend_as_under_a_short_one() -> None:
    heights = []
    for arms in (ARMS[:2], ARMS):
        figure = Figure(figsize=(7, 3), layout="constrained")
        axes = figure.subplots()
        legend_above(figure, looks(arms), marker=True)
        figure.draw_without_rendering()
        heights.append(axes.get_window_extent().height)
    assert heights[1] == pytest.approx(heights[0], rel=0.05)


def test_curves_and_their_legend_are_drawn_alike(eleven: list[str], tmp_path: Path) -> None:
    [group] = build_table(read_runs(tmp_path)).groups
    figure = training_figure(group, looks(eleven))
    assert figure is not None
    bold = [line for line in figure.axes[0].lines if line.get_linewidth() > 1]
    handles = figure.legends[0].get_lines()
    assert len(set(map(drawn, bold))) == len(eleven)
    assert list(map(drawn, handles)) == list(map(drawn, bold))


def test_a_single_epoch_has_its_markers_in_the_legend(store: Any, tmp_path: Path) -> None:
    for arm in ("baseline", "dam"):
        store(arm=arm, losses=(1.5,))
    [group] = build_table(read_runs(tmp_path)).groups
    arms = looks(["baseline", "dam"])
    figure = training_figure(group, arms)
    assert figure is not None
    shown = [handle.get_marker() for handle in figure.legends[0].get_lines()]
    assert shown == [look.marker for look in arms.values()]


def test_values_far_from_zero_and_near_each_other_lie_within_the_panel(
    store: Any, tmp_path: Path
) -> None:
    for arm, value in (("baseline", 0.72), ("dam", 0.70)):
        store(arm=arm, metrics={"recall@1": value, "map@r": 0.1})
    [group] = build_table(read_runs(tmp_path)).groups
    figure = values_figure(group, looks(["baseline", "dam"]))
    assert figure is not None
    left, right = figure.axes[0].get_xlim()
    assert (right - 72) / (right - left) > 0.02


def test_labels_break_after_underscores() -> None:
    assert wrapped("triplet_distance_weighted (a b)", 19) == "triplet_distance_\nweighted (a b)"
    assert wrapped("triplet", 19) == "triplet"


def test_intervals_are_drawn_as_their_arms(eleven: list[str], tmp_path: Path) -> None:
    [group] = build_table(read_runs(tmp_path)).groups
    figure = differences_figure(group, looks(eleven))
    assert figure is not None
    bars = [line for line in figure.axes[0].lines if line.get_marker() == "|"]
    assert len(set(map(drawn, bars))) == len(eleven) - 1
