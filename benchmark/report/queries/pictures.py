"""Queries that DAM gained and lost, as pictures: of drawn and rendered sets alone."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.data.dataset import DataSet
from benchmark.errors import UserError
from benchmark.report.figures.curves import wrapped
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look
from benchmark.report.queries.changes import Changes, changes_of
from benchmark.report.table import Group, Row
from benchmark.suite.arms import DAM
from benchmark.training.building import load_dataset

PICTURED = ("typefaces", "typefaces_reid", "cues")
"""Data sets whose images are made by code here: no licence forbids to show them, and none shows a
person."""
SHOWN = 12
"""Queries of a row."""
GAP, LETTERS, NAMES = 0.18, 0.6, 2.2
"""Between two images, below one, and to the left of all: in widths of an image."""


def queries_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """Two rows an objective: the queries that DAM gained, and those that it lost, in most pairs.

    None for data sets of photographs, and where the images here aren't those that the runs saw.
    """
    metric = group.main_metrics[0]
    found = [
        (comparison.label, row, changes)
        for comparison in group.comparisons
        for row in comparison.rows
        if row.arm == DAM and (changes := changes_of(row, metric)) is not None
    ]
    if not found or found[0][1].finished[0].config.dataset.type not in PICTURED:
        return None
    dataset = _same_images(found[0][1])
    if dataset is None:
        return None
    figure = Figure(figsize=(WIDTH, 0.3 + 1.5 * len(found)), layout="constrained")
    axes = figure.subplots()
    line = 0.0
    for label, _, changes in found:
        for verb in ("gained", "lost"):
            name = f"{wrapped(plain_text(label), 16)}\n{verb}"
            axes.text(-GAP, line + 0.5, name, ha="right", va="center", fontsize=8)
            _strip(axes, line, dataset, changes, gained=verb == "gained")
            line += 1 + LETTERS
    axes.set_xlim(-NAMES, SHOWN * (1 + GAP))
    axes.set_ylim(line, -GAP)
    axes.set_axis_off()
    return figure


def _same_images(row: Row) -> DataSet | None:
    """The data set, if it can be made here and is what the row's first run was measured on."""
    run = row.finished[0]
    try:
        dataset = load_dataset(run.config)
    except UserError:
        return None
    return dataset if dataset.digests().items() <= run.digests.items() else None


def _strip(axes: Axes, line: float, dataset: DataSet, changes: Changes, *, gained: bool) -> None:
    """Images beside each other; below each, in how many runs the baseline and DAM found it."""
    shown = changes.most_changed(SHOWN, gained=gained)
    if not len(shown):
        axes.text(0, line + 0.5, "none", va="center", fontsize=8)
        return
    images = dataset.query.images.batch(changes.queries[shown], None).numpy()
    for place, (query, image) in enumerate(zip(shown, images, strict=True)):
        left = place * (1 + GAP)
        extent = (left, left + 1, line + 1, line)
        axes.imshow(_visible(image), extent=extent, cmap="gray", interpolation="nearest")
        before, after = (int(one[:, query].sum()) for one in (changes.baseline, changes.arm))
        numbers = f"{before} → {after}"
        axes.text(left + 0.5, line + 1.05, numbers, ha="center", va="top", fontsize=7)


def _visible(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """An image [channels, height, width] as matplotlib takes it, from 0 to 1."""
    low, high = float(image.min()), float(image.max())
    scaled = (image - low) / ((high - low) or 1.0)
    visible: npt.NDArray[np.float32] = scaled[0] if len(scaled) == 1 else scaled.transpose(1, 2, 0)
    return visible
