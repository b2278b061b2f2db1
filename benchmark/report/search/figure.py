"""A search in one figure: the metric against each setting, and what an arm adds to the baseline."""

import math
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.effect import scaled
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, legend_above, strip_frame
from benchmark.report.metrics import metric_name
from benchmark.report.search.trials import Searched, Trial
from benchmark.suite.arms import BASELINE

Height = Callable[[Trial], float]


def search_figure(searched: Searched, arms: dict[str, Look]) -> Figure | None:
    """Every trial of every arm; None without a trial that was measured on all folds."""
    looks = {arm: look for arm, look in arms.items() if _sound(searched.trials.get(arm, []))}
    keys = [key for key in searched.keys if _numbers(searched, key)]
    if not looks or not keys:
        return None
    paired = BASELINE in looks and len(looks) > 1
    figure = Figure(figsize=(WIDTH, 0.5 + 2.3 * (1 + paired)), layout="constrained")
    grid = figure.subplots(1 + paired, len(keys), squeeze=False, sharex="col", sharey="row")
    name = plain_text(metric_name(searched.metric))
    rows: list[tuple[str, Height]] = [(f"{name} (%)", lambda trial: 100 * trial.mean)]
    if paired:
        rows.append((f"Δ {name} (points)", lambda trial: 100 * searched.difference(trial)))
    for panels, (label, height) in zip(grid, rows, strict=True):
        panels[0].set_ylabel(label)
        for axes, key in zip(panels, keys, strict=True):
            for arm, look in looks.items():
                if arm != BASELINE or height is rows[0][1]:
                    _draw(axes, searched, arm, key, height, look)
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            strip_frame(axes, grid="y")
    for axes, key in zip(grid[0], keys, strict=True):
        best = searched.best(BASELINE) if BASELINE in looks else None
        if best is not None and key not in best.values:
            axes.axhline(100 * best.mean, color=looks[BASELINE].colour, linestyle=":", zorder=1)
    if paired:
        for axes in grid[1]:
            axes.axhline(0, color="#333333", linewidth=0.9, zorder=1)
    for axes, key in zip(grid[-1], keys, strict=True):
        axes.set_xlabel(plain_text(key))
        scaled(axes, _numbers(searched, key))
    legend_above(figure, looks, marker=True)
    return figure


def _sound(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if not math.isnan(trial.mean)]


def _numbers(searched: Searched, key: str) -> list[float]:
    """The values of a setting where they are numbers, and not few words."""
    values = [
        trial.values[key]
        for own in searched.trials.values()
        for trial in _sound(own)
        if key in trial.values
    ]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return []
    return [float(value) for value in values]


def _draw(axes: Axes, searched: Searched, arm: str, key: str, height: Height, look: Look) -> None:
    """An arm's trials by the value of a setting, joined by a pale line; the winner is filled."""
    shown = [
        (float(trial.values[key]), height(trial), trial)
        for trial in _sound(searched.trials[arm])
        if key in trial.values and not math.isnan(height(trial))
    ]
    shown.sort(key=lambda one: one[:2])
    best = searched.best(arm)
    axes.plot(
        [x for x, _, _ in shown],
        [y for _, y, _ in shown],
        look.line,
        color=look.colour,
        linewidth=1.0,
        alpha=0.6,
        zorder=2,
    )
    for x, y, trial in shown:
        axes.plot(
            x,
            y,
            look.marker,
            color=look.colour,
            markersize=7 if trial is best else 4.2,
            markerfacecolor=look.colour if trial is best else "white",
            zorder=4 if trial is best else 3,
        )
