"""How figures look: colours, lines, markers, fonts, and what all of them draw."""

import io
import math
import warnings
from collections.abc import Iterator, Sequence
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
from matplotlib.lines import Line2D

from benchmark.durable import write_bytes
from benchmark.report.figures.lettering import FIRST, plain_text
from benchmark.suite.arms import BASELINE

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
    "text.usetex": False,
}
_FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": 200, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
}
_MARKERS = "osD^vPX*"
_LINES = ("-", "--", ":")
LEGEND_ROW = 0.2  # inches
LEGEND_LINE = 2.8  # in letters: long enough to show how a line is broken


@dataclass(frozen=True)
class Look:
    """How an arm is drawn, the same in every figure."""

    colour: str
    marker: str
    line: str


def looks(arms: list[str]) -> dict[str, Look]:
    """Colours that colour-blind readers can tell apart, markers and lines; the baseline is grey.

    Each pass through the nine colours has lines of its own, and the seven markers go on from where
    they are, so that 27 arms beside the baseline differ in colour or line, and in colour or marker.
    """
    palette = [colour for colour in sns.color_palette("colorblind").as_hex() if colour != "#949494"]
    others = [arm for arm in arms if arm != BASELINE]
    found = {
        arm: Look(
            colour=palette[place % len(palette)],
            marker=_MARKERS[1:][place % (len(_MARKERS) - 1)],
            line=_LINES[place // len(palette) % len(_LINES)],
        )
        for place, arm in enumerate(others)
    }
    return {BASELINE: Look("#555555", _MARKERS[0], _LINES[0])} | found


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


def interval_bar(
    axes: Axes, place: float, bounds: tuple[float, float], look: Look, *, upright: bool
) -> None:
    """An interval, given as fractions and drawn in percentage points."""
    along, across = [100 * bound for bound in bounds], [place, place]
    x, y = (across, along) if upright else (along, across)
    # A broken line may end in a gap: the caps show where.
    cap = "_" if upright else "|"
    axes.plot(x, y, look.line, color=look.colour, linewidth=1.8, marker=cap, markersize=5, zorder=2)


def legend_above(figure: Figure, arms: dict[str, Look], *, marker: bool) -> None:
    """A line for each of `arms` above the panels, as many beside each other as fit across.

    The figure becomes higher by the rows after the first, so that the panels stay as they are.
    """
    # About 110 characters fit across; a handle takes the room of eight.
    longest = max(map(len, arms))
    columns = max(1, min(len(arms), 110 // (longest + 8)))
    further = math.ceil(len(arms) / columns) - 1
    figure.set_figheight(figure.get_figheight() + LEGEND_ROW * further)
    figure.legend(
        handles=[legend_line(arm, look, marker=marker) for arm, look in arms.items()],
        loc="outside upper left",
        ncols=columns,
        handlelength=LEGEND_LINE,
        frameon=False,
    )


def legend_line(arm: str, look: Look, *, marker: bool) -> Line2D:
    """An arm's line in a legend, with its marker where the figure has both."""
    return Line2D(
        [],
        [],
        color=look.colour,
        linestyle=look.line,
        linewidth=1.7,
        marker=look.marker if marker else None,
        label=plain_text(arm),
    )


def points(values: Any) -> npt.NDArray[np.float64]:
    """Fractions as percentage points."""
    return 100 * np.array(list(values), dtype=np.float64)


def strip_frame(axes: Axes, *, grid: str, left: bool = False) -> None:
    """Leave the lines that are needed: a pale grid across `grid` ("x" or "y") behind the data."""
    axes.grid(axis=grid, color="#e6e6e6", linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    sns.despine(ax=axes, left=left)


@contextmanager
def style(families: Sequence[str] = (FIRST,)) -> Iterator[None]:
    """The figures' style, in force only inside the block; `families` as `lettering` gives them."""
    with mpl.rc_context(_STYLE | {"font.family": list(families)}), warnings.catch_warnings():
        # The report itself names the letters that no font has.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def save(figure: Figure, stem: Path) -> tuple[Path, ...]:
    """Write the figure whole as `stem`.png, .svg and .pdf; the same figure gives the same bytes."""
    # The layout is found once: an engine would find it, and draw all, once more for each format.
    figure.draw_without_rendering()
    figure.set_layout_engine(None)
    paths = []
    for ending, options in _FORMATS.items():
        content = io.BytesIO()
        figure.savefig(content, format=ending, **options)
        paths.append(stem.with_name(f"{stem.name}.{ending}"))
        write_bytes(paths[-1], content.getvalue())
    return tuple(paths)
