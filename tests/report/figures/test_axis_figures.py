from typing import Any

import pytest

from benchmark.report.ablation.axes import Axis, find_axes, without_axes
from benchmark.report.ablation.texts import axis_sentences
from benchmark.report.figures.axis import axis_figure
from benchmark.report.figures.style import looks

DAM = {"type": "dam", "rule": "quantile", "keep": 0.8, "rescale": True, "mapping": "margin"}


def store_point(store: Any, axis: str, value: Any, **options: Any) -> None:
    store(arm=f"{axis}={value}", similarity=DAM | {axis: value}, **options)


def store_default(store: Any, **options: Any) -> None:
    store(**options)
    store(arm="dam", similarity=DAM, **options)


def values(axis: Axis) -> list[list[tuple[str, bool]]]:
    return [[(point.value, point.default) for point in panel.points] for panel in axis.panels]


def test_numbers_are_in_order_with_the_default_among_them(store: Any, group_of: Any) -> None:
    store_default(store)
    for keep in (1.0, 0.25, 0.5):
        store_point(store, "keep", keep)
    [axis] = find_axes(group_of())
    assert (axis.name, axis.shared) == ("keep", False)
    assert values(axis) == [[("0.25", False), ("0.5", False), ("0.8", True), ("1", False)]]
    arms = [row.arm for point in axis.panels[0].points for row in point.rows.values()]
    assert arms == ["keep=0.25", "keep=0.5", "dam", "keep=1.0"]


def test_words_and_switches_begin_with_the_default(store: Any, group_of: Any) -> None:
    store_default(store)
    for mapping in ("naive_both", "margin_cosine"):
        store_point(store, "mapping", mapping)
    store_point(store, "rescale", False)
    mapping, rescale = find_axes(group_of())
    assert values(mapping) == [[("margin", True), ("margin_cosine", False), ("naive_both", False)]]
    assert values(rescale) == [[("on", True), ("off", False)]]


def test_a_joint_objective_has_the_values_of_both_parts(store: Any, group_of: Any) -> None:
    parts = {"proxy": DAM | {"joint": 0.0}, "pair": DAM | {"joint": 1.0}}
    store(objective="joint")
    store(objective="joint", arm="dam", similarity={"type": "dam", **parts})
    changed = {part: entry | {"joint": 0.5} for part, entry in parts.items()}
    store(objective="joint", arm="joint=0.5", similarity={"type": "dam", **changed})
    [axis] = find_axes(group_of())
    assert values(axis) == [[("0.5", False), ("0 / 1", True)]]


def test_panels_are_named_by_their_objectives(store: Any, group_of: Any) -> None:
    for objective in ("norm_softmax", "proxy_anchor"):
        store_default(store, objective=objective)
        store_point(store, "keep", 0.5, objective=objective)
        store_default(store, objective=objective, dim=32)
    keep, dim = find_axes(group_of())
    for axis in (keep, dim):
        assert [panel.label for panel in axis.panels] == ["norm_softmax", "proxy_anchor"]


def test_comparisons_that_differ_in_one_setting_are_an_axis(store: Any, group_of: Any) -> None:
    store_default(store)
    store_point(store, "keep", 0.5)
    for dim in (256, 32):
        store_default(store, dim=dim)
    # In two settings from the default, so no point of either axis around it.
    store_default(store, dim=64, epochs=3)
    keep, dim_axis = find_axes(group_of())
    assert keep.name == "keep"
    assert (dim_axis.name, dim_axis.shared) == ("dim", True)
    assert values(dim_axis) == [[("32", False), ("128", True), ("256", False)]]
    for point in dim_axis.panels[0].points:
        row = point.rows["dam"]
        assert row.pairs is not None
        for arm, baseline in row.pairs.runs.values():
            assert str(arm.config.dim) == str(baseline.config.dim) == point.value


def test_all_arms_that_several_comparisons_have_are_on_their_axis(
    store: Any, group_of: Any
) -> None:
    for dim in (32, 64):
        store_default(store, dim=dim)
        store(arm="random", dim=dim)
    store(arm="dropout", dim=64, similarity=DAM, rivals=[{"type": "dropout", "p": 0.2}])
    [axis] = find_axes(group_of())
    assert [sorted(point.rows) for point in axis.panels[0].points] == [["dam", "random"]] * 2


def test_without_a_larger_comparison_no_value_is_the_default(store: Any, group_of: Any) -> None:
    for dim in (32, 64):
        store_default(store, dim=dim)
    [axis] = find_axes(group_of())
    assert axis.panels[0].default is None
    assert len(without_axes(group_of()).comparisons) == 2
    assert "Default" not in axis_sentences([axis])


def test_the_main_figures_leave_axes_out(store: Any, group_of: Any) -> None:
    store_default(store)
    store(arm="random")
    for number in range(1, 30):
        store_point(store, "keep", number / 30)
    store_default(store, dim=64)
    group = group_of()
    main = without_axes(group)
    assert [comparison.label for comparison in main.comparisons] == ["norm_softmax"]
    assert [row.label for row in main.rows] == ["baseline", "dam", "random"]
    assert len(group.rows) == 34


def test_a_sentence_names_every_default(store: Any, group_of: Any) -> None:
    store_default(store)
    store_point(store, "keep", 0.5)
    store(objective="triplet")
    store(arm="dam", objective="triplet", similarity=DAM | {"keep": 0.9})
    store_point(store, "keep", 0.5, objective="triplet")
    [axis] = find_axes(group_of())
    text = axis_sentences([axis])
    assert text.startswith("The share of the elements")
    assert text.endswith("Default: 0.8 (norm_softmax); 0.9 (triplet).")
    assert axis_sentences([Axis("unheard_of", True, axis.panels[:1])]) == (
        "The setting unheard_of. The baseline changes with it: each value has a baseline of its "
        "own. Default: 0.8."
    )


def test_no_axis_without_such_arms(store: Any, group_of: Any) -> None:
    store_default(store)
    store_default(store, objective="triplet")
    assert find_axes(group_of()) == []
    assert without_axes(group_of()) == group_of()


def store_scales(store: Any) -> None:
    for scale, effect in ((10.0, -0.02), (20.0, 0.0), (40.0, 0.03)):
        arms = {"baseline": 0.0, "dam": effect} | ({"random": 0.0} if scale == 20 else {})
        for arm, more in arms.items():
            for seed in (0, 1, 2):
                value = 0.3 + more * (1 + seed / 10) + seed / 100
                store(arm=arm, scale=scale, seed=seed, metrics={"recall@1": value, "map@r": value})


def test_the_effect_over_numbers_is_a_line_in_a_band(store: Any, group_of: Any) -> None:
    store_scales(store)
    [axis] = find_axes(group_of())
    assert (axis.name, axis.shared, axis.numbers) == ("scale", True, True)
    assert axis.panels[0].default == "20"
    figure = axis_figure(axis, ("recall@1", "map@r"), looks(["baseline", "dam", "random"]))
    assert figure is not None
    panel, _ = figure.axes
    assert panel.get_xscale() == "log"
    [line] = [line for line in panel.get_lines() if len(line.get_xdata()) == 3]
    assert list(line.get_xdata()) == [10, 20, 40]
    assert list(line.get_ydata()) == pytest.approx([-2.2, 0.0, 3.3])
    [band] = [one for one in panel.collections if len(one.get_paths())]
    edges = band.get_paths()[0].vertices
    at_40 = sorted(y for x, y in edges.tolist() if x == 40)
    interval = axis.panels[0].points[-1].rows["dam"].difference("recall@1")
    assert (at_40[0], at_40[-1]) == pytest.approx((100 * interval.low, 100 * interval.high))
    assert 20 in [line.get_xdata()[0] for line in panel.get_lines() if len(line.get_xdata()) == 2]
