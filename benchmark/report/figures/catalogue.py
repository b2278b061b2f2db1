"""Which figures a report has, and their files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from matplotlib.figure import Figure

from benchmark.report.ablation.axes import find_axes, without_axes
from benchmark.report.figures.axis import axis_figure
from benchmark.report.figures.curves import training_figure
from benchmark.report.figures.forest import differences_figure, values_figure
from benchmark.report.figures.leak import leak_figure
from benchmark.report.figures.style import Look, looks, save, style
from benchmark.report.metrics import metric_name
from benchmark.report.table import Group, Table

_DIFFERENCES = (
    "Arm minus baseline at the same seed, in percentage points. Filled marker: mean over the "
    "pairs; bar: its 95 % paired t-interval (none with a single pair); open markers below: the "
    "single seeds. Right of zero, the arm is better."
)
_VALUES = (
    "After the last epoch, in per cent. Filled marker: mean over the seeds; open markers: the "
    "single seeds; dotted line: the untrained network."
)
_TRAINING = (
    "Mean loss of each epoch; bold: mean over the seeds; thin: the single seeds. Arms minimise "
    "different functions, so the levels of two arms can't be compared, only each curve's course."
)
_LEAK = "Filled marker: mean over the seeds; open markers: the single seeds."


@dataclass(frozen=True)
class Drawing:
    """A figure as files, and what its caption says. `title` is the axis's name for kind "axis"."""

    kind: str
    group: str
    title: str
    caption: str
    png: Path
    svg: Path


def draw_all(table: Table, folder: Path) -> list[Drawing]:
    """Write every figure that the table has numbers for into `folder`, as PNG and SVG."""
    arms = looks(table.arms())
    drawings = []
    groups: set[str] = set()
    stems: set[str] = set()
    for group in table.groups:
        name = _unique(group.label, groups)
        with style():
            for kind, title, caption, figure in _figures(group, arms):
                ending = f"{kind}-{title}" if kind == "axis" else kind
                stem = _unique(f"{name}-{ending}", stems)
                paths = folder / f"{stem}.png", folder / f"{stem}.svg"
                save(figure, *paths)
                drawings.append(Drawing(kind, group.label, title, caption, *paths))
    return drawings


def _unique(name: str, taken: set[str]) -> str:
    """`name` in letters and digits that any file system takes, as no other one in `taken`."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "data"
    numbered = (f"{plain}-{number}" for number in count(2))
    found = next(one for one in chain([plain], numbered) if one.lower() not in taken)
    taken.add(found.lower())
    return found


def _figures(group: Group, arms: dict[str, Look]) -> Iterator[tuple[str, str, str, Figure]]:
    """Kind, title, caption and figure."""
    main = without_axes(group)
    made = [
        ("differences", "Paired differences to the baseline", _DIFFERENCES, differences_figure),
        ("values", metric_name(group.main_metrics[0]), _VALUES, values_figure),
        ("training", "Training curves", _TRAINING, training_figure),
    ]
    for kind, title, caption, draw in made:
        figure = draw(main, arms)
        if figure is not None:
            yield kind, title, caption, figure
    for axis in find_axes(group):
        figure = axis_figure(axis, group.main_metrics, arms)
        if figure is not None:
            yield "axis", axis.name, "", figure
    figure = leak_figure(group, arms)
    if figure is not None:
        yield "leak", "Training loss and retrieval", _LEAK, figure
