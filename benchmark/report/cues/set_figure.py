"""A sheet of the drawn beetles: what each cue changes, and what an image adds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.data.rendered.cues.beetles import Beetles
from benchmark.data.rendered.cues.drawing import Images, draw
from benchmark.data.rendered.cues.nuisance import no_nuisance, random_nuisance
from benchmark.report.cues.known import cues_of
from benchmark.report.figures.style import WIDTH, Look
from benchmark.report.table import Group

SHOWN = 4
"""Values of a cue, and images of one class."""
SHELLS = (12, 25, 38, 51)
"""Colours of the shell that are shown."""


def cue_set_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One row a cue, at the size of the group's images; None for another data set than `cues`.

    To the left four values of the cue, with nothing else changed; to the right four images of one
    class, which differ in nuisance alone.
    """
    dataset = group.comparisons[0].config.dataset if group.comparisons else None
    if dataset is None or dataset.type != "cues":
        return None
    options = dataset.options
    size = options.get("size", 32)
    beetles = Beetles.varying(options.get("cues", 10), options.get("saliency"), size)
    saliency = cues_of(group)
    rows = len(beetles.cues)
    figure = Figure(figsize=(WIDTH, 0.82 * rows + 0.5), layout="compressed")
    panels = figure.subplots(rows, 2 * SHOWN, squeeze=False)
    plain = [SHELLS[0], *[1] * (rows - 1)]
    random = np.random.Philox(key=0)
    for row, (cue, axes) in enumerate(zip(beetles.cues, panels, strict=True)):
        for value in range(SHOWN):
            values = [*plain]
            values[row] = SHELLS[value] if row == 0 else value
            _show(axes[value], draw(beetles.levels(values), no_nuisance(size)))
        words = random.random_raw(rows) >> np.uint64(33)
        values = [int(word) % count for word, count in zip(words, beetles.sizes, strict=True)]
        keys = range(SHOWN * row, SHOWN * (row + 1))
        for column, image in enumerate(draw(beetles.levels(values), random_nuisance(keys, size))):
            _show(axes[SHOWN + column], image[None])
        name = cue.name.replace("_", " ")
        label = f"{name}\n{saliency[cue.name]:.3g}" if cue.name in saliency else name
        axes[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8.5)
    titles = {0: "four values of the cue, nothing else changed", SHOWN: "four images of one class"}
    for column, title in titles.items():
        # A title is longer than its column is wide, which must not push the columns apart.
        panels[0, column].set_title(title, loc="left").set_in_layout(False)
    return figure


def _show(axes: Axes, images: Images) -> None:
    """The first of the images [n, 3, size, size], without a frame."""
    axes.imshow(images[0].transpose(1, 2, 0), interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
