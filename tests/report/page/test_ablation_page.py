"""The sections on axes and on the label leak, and their figures."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from benchmark.report import write_report
from benchmark.report.ablation.axes import find_axes
from benchmark.report.ablation.leak import drawable, finding
from benchmark.report.figures.axis import axis_figure
from benchmark.report.figures.leak import leak_figure
from benchmark.report.figures.style import looks
from benchmark.report.grouping import build_table
from benchmark.report.table import Group
from benchmark.suite.store.runs import read_runs

DAM = {"type": "dam", "rule": "quantile", "keep": 0.8, "mapping": "margin"}
NAIVE = ("naive_both", "naive_cosine", "naive_feature", "naive_feature_proxy")


def metrics(recall: float) -> dict[str, float]:
    return {"recall@1": recall, "map@r": recall / 3}


def store_mappings(
    store: Any,
    *,
    naive_loss: float = 0.01,
    naive_recall: float = 0.2,
    seeds: int = 3,
    mappings: tuple[str, ...] = NAIVE,
    **options: Any,
) -> None:
    for seed in range(seeds):
        shift = 0.01 * seed
        store(seed=seed, metrics=metrics(0.3 + shift), losses=(3.0, 1.5), **options)
        store(
            arm="dam",
            seed=seed,
            similarity=DAM,
            metrics=metrics(0.32 + 1.1 * shift),
            losses=(3.0, 1.8),
            **options,
        )
        for place, mapping in enumerate(mappings):
            store(
                arm=f"mapping={mapping}",
                seed=seed,
                similarity=DAM | {"mapping": mapping},
                metrics=metrics(naive_recall + 0.01 * place + 0.9 * shift),
                losses=(1.0, naive_loss * (place + 1)),
                **options,
            )


def group_in(out: Path) -> Group:
    [group] = build_table(read_runs(out)).groups
    return group


def assert_apart(figure: Figure) -> None:
    """No two titles, names of values or notes beside points overlap."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = []
    for axes in filter(Axes.get_visible, figure.axes):
        low, high = axes.get_xlim()
        ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        named = [label for place, label in ticks if low <= place <= high]
        texts += [axes._left_title, *named, *axes.texts]
    # The box of a slanted name is larger than what is drawn.
    texts = [text for text in texts if text.get_text() and text.get_rotation() == 0]
    boxes = [Bbox(text.get_window_extent(canvas.get_renderer())) for text in texts]
    for place, box in enumerate(boxes):
        for other, another in enumerate(boxes[:place]):
            assert not box.overlaps(another), (texts[place].get_text(), texts[other].get_text())
    width, height = canvas.get_width_height()
    assert all(box.x0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)


@pytest.mark.parametrize("objectives", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 9])
def test_axis_figures_have_room(store: Any, tmp_path: Path, objectives: int, count: int) -> None:
    for number in range(objectives):
        objective = f"an_objective_{number}"
        for seed in range(2):
            store(objective=objective, seed=seed)
            store(objective=objective, seed=seed, arm="dam", similarity=DAM)
            for step in range(count):
                keep = (step + 1) / 10 + 0.01
                store(
                    objective=objective,
                    seed=seed,
                    arm=f"keep={keep}",
                    similarity=DAM | {"keep": keep},
                    metrics=metrics(0.3 + 0.02 * seed * step),
                )
    group = group_in(tmp_path)
    [axis] = find_axes(group)
    figure = axis_figure(axis, group.main_metrics, looks([row.label for row in group.rows]))
    assert figure is not None
    assert sum(axes.get_visible() for axes in figure.axes) == 2 * objectives
    assert_apart(figure)


def test_a_point_without_a_pair_says_so(store: Any, tmp_path: Path) -> None:
    store_mappings(store, seeds=1, mappings=("naive_both",))
    store(arm="mapping=naive_cosine", similarity=DAM | {"mapping": "naive_cosine"}, state="failed")
    group = group_in(tmp_path)
    [axis] = find_axes(group)
    figure = axis_figure(axis, group.main_metrics, looks([row.label for row in group.rows]))
    assert figure is not None
    for axes in figure.axes:
        assert [text.get_text().strip() for text in axes.texts] == ["no pair"]
        # One seed has no interval: besides the zero line, only single points are drawn.
        assert all(len(line.get_xdata()) == 1 for line in axes.lines[1:])
        assert len(axes.lines[1:]) == 4


@pytest.mark.parametrize("recall", [0.2, 0.4])
def test_no_pair_is_said_within_the_panel_and_off_the_zero_line(
    store: Any, tmp_path: Path, recall: float
) -> None:
    store_mappings(store, naive_recall=recall, mappings=("naive_both",))
    store(arm="mapping=naive_cosine", similarity=DAM | {"mapping": "naive_cosine"}, state="failed")
    group = group_in(tmp_path)
    [axis] = find_axes(group)
    figure = axis_figure(axis, group.main_metrics, looks([row.label for row in group.rows]))
    assert figure is not None
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axes in figure.axes:
        [text] = axes.texts
        box, panel = text.get_window_extent(canvas.get_renderer()), axes.get_window_extent()
        assert panel.y0 <= box.y0 and box.y1 <= panel.y1
        zero = axes.transData.transform((0, 0))[1]
        assert not box.y0 <= zero <= box.y1


def test_an_interval_far_beyond_the_seeds_does_not_flatten_them(store: Any, tmp_path: Path) -> None:
    store_mappings(store, seeds=2, naive_recall=0.29, mappings=("naive_both",))
    for seed, recall in enumerate((0.30, 0.33)):
        store(
            arm="mapping=margin_cosine",
            seed=seed,
            similarity=DAM | {"mapping": "margin_cosine"},
            metrics=metrics(recall),
        )
    group = group_in(tmp_path)
    [axis] = find_axes(group)
    figure = axis_figure(axis, group.main_metrics, looks([row.label for row in group.rows]))
    assert figure is not None
    # Differences 0 and 2 points: the interval is 1 ± 12.7.
    low, high = figure.axes[0].get_ylim()
    assert -5 < low < 0 and 2 < high < 6


def test_no_axis_figure_without_a_pair(store: Any, tmp_path: Path) -> None:
    store(state="failed")
    store(arm="dam", similarity=DAM)
    store(arm="keep=0.5", similarity=DAM | {"keep": 0.5})
    [axis] = find_axes(group_in(tmp_path))
    assert axis_figure(axis, ("recall@1", "map@r"), looks(["dam"])) is None
    page = write_report(tmp_path).page.read_text(encoding="utf-8")
    assert "One setting at a time" not in page


def test_the_page_has_a_heading_and_a_figure_for_each_axis(store: Any, tmp_path: Path) -> None:
    store_mappings(store)
    for dim in (32, 64):
        for arm, similarity in (("baseline", {"type": "plain"}), ("dam", DAM)):
            store(arm=arm, dim=dim, similarity=similarity)
    report = write_report(tmp_path)
    page = report.page.read_text(encoding="utf-8")
    assert page.index("<h3>mapping</h3>") < page.index("<h3>dim</h3>")
    assert "Default: margin." in page and "Default: 128." in page
    names = {path.stem for path in report.figures}
    assert names >= {"typefaces-axis-mapping", "typefaces-axis-dim", "typefaces-leak"}
    for recall in ("20.9", "23.9"):  # tables hold the points of axes too
        assert recall in page


def test_arms_of_an_axis_do_not_lengthen_the_main_figures(store: Any, tmp_path: Path) -> None:
    heights = []
    for mappings in ((), NAIVE):
        store_mappings(store, mappings=mappings)
        figures = {path.stem: path for path in write_report(tmp_path).figures}
        for kind in ("differences", "values", "training"):
            drawn = figures[f"typefaces-{kind}"].read_text(encoding="utf-8")
            heights.append(re.findall(r'<svg [^>]*height="([\d.]+pt)"', drawn))
    assert all(len(found) == 1 for found in heights)
    assert heights[:3] == heights[3:]


def test_the_leak_is_told_from_the_numbers(store: Any, tmp_path: Path) -> None:
    store_mappings(store, naive_loss=0.4, naive_recall=0.285)
    [(label, arms)] = drawable(group_in(tmp_path))
    assert [arm.label for arm in arms] == ["baseline", "margin (dam)", *NAIVE]
    assert [arm.loss.mean for arm in arms] == pytest.approx([1.5, 1.8, 0.4, 0.8, 1.2, 1.6])
    # naive_feature is above the baseline in retrieval, naive_feature_proxy in both.
    text = finding("recall@1", label, arms)
    assert text == (
        "norm_softmax: lower in training loss than the baseline (1.5) and lower in Recall@1: "
        "naive_both (loss 0.4, −1.6 points), naive_cosine (loss 0.8, −0.6 points)."
    )


def test_an_interval_that_holds_zero_is_said(store: Any, tmp_path: Path) -> None:
    store_mappings(store, seeds=1, naive_recall=0.2, mappings=("naive_both",))
    [(label, arms)] = drawable(group_in(tmp_path))
    assert "naive_both (loss 0.01, −10.0 points, interval not below zero)" in finding(
        "recall@1", label, arms
    )


def test_mappings_that_do_not_leak_are_not_accused(store: Any, tmp_path: Path) -> None:
    store_mappings(store, naive_loss=2.0, naive_recall=0.2)
    [(label, arms)] = drawable(group_in(tmp_path))
    assert finding("recall@1", label, arms) == (
        "norm_softmax: no mapping has both a lower training loss than the baseline (1.5) and a "
        "lower Recall@1."
    )


def test_without_a_baseline_nothing_is_concluded(store: Any, tmp_path: Path) -> None:
    store(state="failed")
    store(arm="mapping=naive_both", similarity=DAM | {"mapping": "naive_both"})
    [(label, arms)] = drawable(group_in(tmp_path))
    assert "no finished baseline" in finding("recall@1", label, arms)


@pytest.mark.parametrize("objectives", [1, 3])
def test_the_leak_figure_names_every_arm(store: Any, tmp_path: Path, objectives: int) -> None:
    for number in range(objectives):
        store_mappings(store, objective=f"objective_{number}", naive_recall=0.3)
    group = group_in(tmp_path)
    figure = leak_figure(group, looks([row.label for row in group.rows]))
    assert figure is not None
    drawn = [axes for axes in figure.axes if axes.get_visible()]
    assert len(drawn) == objectives
    for axes in drawn:
        assert {text.get_text() for text in axes.texts} == {"baseline", "margin (dam)", *NAIVE}
        assert axes.get_xscale() == "log"
    assert_apart(figure)


@pytest.mark.parametrize("naive_loss", [0.002, 0.02, 0.045, 0.08])
def test_a_logarithmic_axis_has_more_than_one_number(
    store: Any, tmp_path: Path, naive_loss: float
) -> None:
    store_mappings(store, naive_loss=naive_loss, naive_recall=0.3, mappings=NAIVE[:1])
    group = group_in(tmp_path)
    figure = leak_figure(group, looks([row.label for row in group.rows]))
    assert figure is not None
    FigureCanvasAgg(figure).draw()
    [axes] = figure.axes
    assert axes.get_xscale() == "log"
    low, high = axes.get_xlim()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    named = [label.get_text() for place, label in ticks if low <= place <= high]
    assert len(list(filter(None, named))) >= 2
    assert_apart(figure)


def test_no_leak_section_without_mappings(store: Any, tmp_path: Path) -> None:
    store()
    store(arm="dam", similarity=DAM)
    store(arm="keep=0.5", similarity=DAM | {"keep": 0.5})
    report = write_report(tmp_path)
    assert "leak" not in report.page.read_text(encoding="utf-8")
    assert not [path for path in report.figures if "leak" in path.name]
