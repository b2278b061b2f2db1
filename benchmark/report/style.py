"""How figures look: colours, markers, fonts, and the points that all of them draw."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.report.table import BASELINE
from benchmark.suite.store import write_text

WIDTH = 7.6  # inches; the page shows a figure at most about this wide at full size
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "axes.edgecolor": "#8a8a8a",
    "axes.linewidth": 0.7,
    "svg.hashsalt": "figure",
}
_MARKERS = "osD^vPX*"


@dataclass(frozen=True)
class Look:
    """How an arm is drawn, the same in every figure."""

    colour: str
    marker: str


def looks(arms: list[str]) -> dict[str, Look]:
    """Colours that colour-blind readers can tell apart, and markers; the baseline is grey."""
    palette = [colour for colour in sns.color_palette("colorblind").as_hex() if colour != "#949494"]
    others = [arm for arm in arms if arm != BASELINE]
    found = {
        arm: Look(palette[place % len(palette)], _MARKERS[1:][place % (len(_MARKERS) - 1)])
        for place, arm in enumerate(others)
    }
    return {BASELINE: Look("#555555", _MARKERS[0])} | found


def open_points(axes: Axes, x: Any, y: Any, look: Look) -> None:
    """Single seeds: `x` and `y` are [n] values, or one value that all share."""
    x, y = np.broadcast_arrays(x, y)
    axes.plot(
        x,
        y,
        look.marker,
        markersize=3.6,
        markerfacecolor="white",
        markeredgecolor=look.colour,
        markeredgewidth=0.8,
        zorder=3,
    )


def mean_point(axes: Axes, x: float, y: float, look: Look) -> None:
    """A mean over seeds."""
    axes.plot(x, y, look.marker, markersize=6, color=look.colour, zorder=4)


def points(values: Any) -> npt.NDArray[np.float64]:
    """Fractions as percentage points."""
    return 100 * np.array(list(values), dtype=np.float64)


def strip_frame(axes: Axes, *, grid: str, left: bool = False) -> None:
    """Leave the lines that are needed: a pale grid across `grid` ("x" or "y") behind the data."""
    axes.grid(axis=grid, color="#e6e6e6", linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    sns.despine(ax=axes, left=left)


@contextmanager
def style() -> Iterator[None]:
    """The figures' style, in force only inside the block."""
    with mpl.rc_context(_STYLE):
        yield


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Write both files whole; the same figure gives the same bytes."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    write_text(svg, text.getvalue())
    pixels = io.BytesIO()
    figure.savefig(pixels, format="png", dpi=200, metadata={"Software": None})
    beside = png.with_name(f".{png.name}.{os.getpid()}")
    beside.write_bytes(pixels.getvalue())
    beside.replace(png)
