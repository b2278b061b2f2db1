"""A sheet of the drawn beetles: what each cue changes, and what an image adds."""

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmark.data.rendered.cues.beetles import Beetles
from benchmark.data.rendered.cues.drawing import draw
from benchmark.data.rendered.cues.nuisance import no_nuisance, random_nuisance
from benchmark.report.cues.known import cues_of
from benchmark.report.figures.style import WIDTH, Look
from benchmark.report.table import Group

SHOWN = 4
"""Values of a cue, and images of one class."""
GAP = 2
"""White pixels between two images."""
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
    rows = [_row(beetles, place) for place in range(len(beetles.cues))]
    figure = Figure(figsize=(WIDTH, 0.62 * len(rows) + 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.concatenate(rows), interpolation="nearest")
    names = [cue.name for cue in beetles.cues]
    labels = [
        f"{name.replace('_', ' ')}\n{saliency[name]:.3g}"
        if name in saliency
        else name.replace("_", " ")
        for name in names
    ]
    side = size + GAP
    axes.set_yticks([side * place + size / 2 for place in range(len(rows))], labels)
    titles = "four values of the cue, nothing else changed", "four images of one class"
    axes.set_xticks([side * SHOWN * (half + 0.5) for half in range(2)], titles)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def _row(beetles: Beetles, place: int) -> npt.NDArray[np.uint8]:
    """Values of a cue and images of a class beside each other [size + GAP, width, 3]."""
    size = beetles.size
    values = [SHELLS[0], *[1] * (len(beetles.cues) - 1)]
    shown = []
    for value in range(SHOWN):
        values[place] = SHELLS[value] if place == 0 else value
        shown.append(draw(beetles.levels(values), no_nuisance(size)))
    words = np.random.Philox(key=place).random_raw(len(beetles.cues)) >> np.uint64(33)
    values = [int(word) % count for word, count in zip(words, beetles.sizes, strict=True)]
    keys = range(SHOWN * place, SHOWN * (place + 1))
    shown.append(draw(beetles.levels(values), random_nuisance(keys, size)))
    images = np.concatenate(shown)
    row = np.full((2 * SHOWN, 3, size + GAP, size + GAP), 255, dtype=np.uint8)
    row[:, :, :size, :size] = images
    return row.transpose(2, 0, 3, 1).reshape(size + GAP, -1, 3)
