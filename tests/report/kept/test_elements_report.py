"""What the report says of elements: how often each is kept, and how good they are."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.report.figures.style import looks
from benchmark.report.kept.course_figure import course_figure
from benchmark.report.kept.figure import kept_figure
from benchmark.report.kept.quality_figure import quality_figure
from benchmark.report.kept.removal_figure import removal_figure
from benchmark.report.kept.sheet import elements_sheet
from benchmark.report.reading import remarks
from benchmark.report.statistics.interval import Interval, paired_interval
from benchmark.training.elements import FILE

DIM = 8
REMOVED = np.array([0, 2, 4])


def store_elements(
    folder: Path, arm: str, seed: int, *, acts: bool, epochs: tuple[int, ...] = (12,)
) -> None:
    """What a run stores: DAM keeps evenly, and has more elements that are well trained.

    Before the last of `epochs` one element is good, and there is one direction.
    """
    drawn = np.random.default_rng([seed, arm == "dam"])
    slope = 0.05 if arm == "dam" else 0.3
    kept = np.stack([np.full(DIM, 0.8), 0.8 + slope * np.linspace(-1, 0.5, DIM)])
    good = (5 if arm == "dam" else 3) + seed % 2
    before = [1.0] * (len(epochs) - 1)
    halves: dict[str, Any] = {}
    for half in ("train", "test"):
        halves |= {
            f"{half}_variance_ratio": np.stack(
                [np.where(np.arange(DIM) < count, 10.0, 9.9) for count in (*before, good)]
            ),
            f"{half}_recall": drawn.random((len(epochs), DIM)),
            f"{half}_dimension": np.array([*before, 4.0 + (arm == "dam") + 0.1 * seed]),
            f"{half}_without_best": np.stack(
                [*(np.zeros(3) for _ in before), np.array([0.6, 0.5, 0.4]) - 0.01 * seed]
            ),
        }
    np.savez(
        folder / FILE,
        acts=np.array(acts),
        kept=kept,
        pairs=np.zeros((0, 2), np.int64),
        kept_by_pair=np.zeros((0, DIM)),
        removed=REMOVED,
        epochs=np.array(epochs),
        **halves,
    )


@pytest.fixture
def stored(store: Any, tmp_path: Path) -> Path:
    for seed in range(3):
        for arm in ("baseline", "dam"):
            folder = store(arm=arm, seed=seed)
            store_elements(folder, arm, seed, acts=arm == "dam")
        store_elements(store(arm="random", seed=seed), "random", seed, acts=False)
    return tmp_path


def test_the_table_has_paired_differences_in_elements(stored: Path, group_of: Any) -> None:
    sheet = elements_sheet(group_of())
    assert sheet is not None
    lines = {line.values[0]: line for line in sheet.lines}
    baseline, dam = lines["baseline"].values, lines["dam"].values
    assert (dam[1], dam[2]) == (3, DIM)
    spread = np.linspace(-1, 0.5, DIM).std()
    assert (baseline[3].mean, dam[3].mean) == pytest.approx((0.3 * spread, 0.05 * spread))
    assert (baseline[4].mean, dam[4].mean) == pytest.approx((10 / 3, 16 / 3))
    assert dam[5] == paired_interval([2.0, 2.0, 2.0])
    assert dam[6].mean == pytest.approx(5.1)
    assert dam[7].mean == pytest.approx(1.0)
    cells = lines["dam"].cells(sheet.columns)
    assert cells[4:6] == ["5.3 ± 0.6", "+2.0 [+2.0, +2.0]"]
    assert lines["baseline"].cells(sheet.columns)[5] == "–"
    assert sheet.columns[5].show(Interval(3, -0.04, -1.23, 0.04)) == "0.0 [−1.2, 0.0]"
    assert sheet.columns[5].show(Interval(1, 2.0, math.nan, math.nan)) == "+2.0 [–]"
    assert lines["random"].values[3].n == 0  # it selects nothing


def test_the_figure_orders_the_last_epochs_elements(stored: Path, group_of: Any) -> None:
    group = group_of()
    figure = kept_figure(group, looks(["baseline", "dam", "random"]))
    assert figure is not None
    [axes] = figure.axes
    assert len(axes.lines) == 2
    steep, even = (list(line.get_ydata()) for line in axes.lines)
    assert steep == pytest.approx(list(100 * (0.8 + 0.3 * np.linspace(0.5, -1, DIM))))
    assert even == sorted(even, reverse=True)


def test_the_figure_of_removed_elements_has_every_arm(stored: Path, group_of: Any) -> None:
    figure = removal_figure(group_of(), looks(["baseline", "dam", "random"]))
    assert figure is not None
    for line in figure.axes[0].lines:
        assert line.get_xdata().tolist() == REMOVED.tolist()
        assert line.get_ydata() == pytest.approx([59.0, 49.0, 39.0])


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_what_was_not_stored_is_left_out(stored: Path, group_of: Any, damage: str) -> None:
    for path in stored.rglob(FILE):
        path.write_bytes(b"?") if damage == "broken" else path.unlink()
    group = group_of()
    arms = looks(["baseline", "dam", "random"])
    assert elements_sheet(group) is None
    for make in (kept_figure, removal_figure, course_figure):
        assert make(group, arms) is None
    faults = [line for line in remarks(group) if "elements.npz can't be read" in line]
    assert len(faults) == (9 if damage == "broken" else 0)


def test_the_curves_of_quality_fall_from_all_elements_to_none(stored: Path, group_of: Any) -> None:
    figure = quality_figure(group_of(), looks(["baseline", "dam", "random"]))
    assert figure is not None
    [axes] = [axes for axes in figure.axes if axes.get_visible()]
    lines = [line.get_ydata() for line in axes.lines]
    assert len(lines) == 3
    # All have F of at least 5; of at least 10 have 3 or 4 of 8 elements without DAM, 5 or 6 with.
    assert all(line[3] == 100 and line[-1] == 0 for line in lines)
    tens = [float(line[4]) for line in lines]
    assert tens == pytest.approx([100 * (3 + 1 / 3) / DIM, 100 * (5 + 1 / 3) / DIM, tens[2]])


def test_quality_over_epochs_is_drawn_where_runs_were_evaluated_between(
    stored: Path, group_of: Any, store: Any
) -> None:
    arms = looks(["baseline", "dam", "random"])
    assert course_figure(group_of(), arms) is None  # the last epoch alone is no course
    for seed in range(3):
        # One seed was evaluated more often, and only what all seeds have is drawn.
        epochs = (3, 6, 12) if seed else (6, 12)
        for arm in ("baseline", "dam"):
            store_elements(store(arm=arm, seed=seed), arm, seed, acts=arm == "dam", epochs=epochs)
    figure = course_figure(group_of(), arms)
    assert figure is not None
    trained, directions = figure.axes
    lines = [list(line.get_ydata()) for line in trained.lines]
    assert lines == [pytest.approx([1, 3 + 1 / 3]), pytest.approx([1, 5 + 1 / 3])]
    assert [list(line.get_ydata()) for line in directions.lines] == [
        pytest.approx([1, 4.1]),
        pytest.approx([1, 5.1]),
    ]
    assert all(list(line.get_xdata()) == [6, 12] for line in (*trained.lines, *directions.lines))
    bands = [band.get_paths()[0].vertices[:, 1] for band in trained.collections]
    spread = np.std([3, 4, 3], ddof=1)
    assert (bands[0].min(), bands[0].max()) == pytest.approx((1, 3 + 1 / 3 + spread))
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["baseline", "dam"]
    # The other figures and the table are on the last epoch, as without the ones before.
    sheet = elements_sheet(group_of())
    assert sheet is not None
    assert [line.values[4].mean for line in sheet.lines[:2]] == pytest.approx([10 / 3, 16 / 3])
