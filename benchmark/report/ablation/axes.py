"""Axes of an ablation: arms, or comparisons, that differ in one setting.

An arm named `axis=value` is the arm `dam` of its comparison with one option exchanged; all arms of
one axis and `dam` itself are the points of a panel. Where whole comparisons of one objective differ
in one setting, such as `dim`, they are the points, and each keeps its own baseline.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from benchmark.report.settings import distinct, flatten, value_text
from benchmark.report.table import Comparison, Group, Row, objective_label
from benchmark.suite.arms import BASELINE, DAM, EXCHANGED
from benchmark.suite.store.runs import canonical


@dataclass(frozen=True)
class Point:
    """One value of an axis, as text, with the rows that were run there by their arm."""

    value: str
    default: bool
    rows: dict[str, Row]


@dataclass(frozen=True)
class Panel:
    """One objective on an axis; the points stand in the order of their values."""

    label: str
    points: list[Point]

    @property
    def default(self) -> str | None:
        """The default value, if it is among the points."""
        return next((point.value for point in self.points if point.default), None)


@dataclass(frozen=True)
class Axis:
    """A setting that was varied. `shared` says whether the baselines have it too."""

    name: str
    shared: bool
    panels: list[Panel]

    @property
    def numbers(self) -> bool:
        """Whether baselines were made over a range of numbers: three or more on each panel."""
        return self.shared and all(
            len(panel.points) > 2 and all(map(_is_number, panel.points)) for panel in self.panels
        )


def find_axes(group: Group) -> list[Axis]:
    """All axes on a data set: those of arms by name, then those of comparisons by name."""
    found: dict[tuple[bool, str], list[_Found]] = {}
    for comparison in group.comparisons:
        for name, points in _arm_axes(comparison):
            entry = _Found(comparison.config.objective_name, comparison.shared, points)
            found.setdefault((False, name), []).append(entry)
    for key, members in _sibling_comparisons(group):
        points = _comparison_points(key, members)
        if points:
            name = members[0].config.objective_name
            entry = _Found(name, _without(members[0], key), points)
            found.setdefault((True, key.rpartition(".")[2]), []).append(entry)
    return [Axis(name, shared, _panels(found[shared, name])) for shared, name in sorted(found)]


def without_axes(group: Group) -> Group:
    """The group at its defaults: no arm of an axis, and no comparison beside a default one."""
    beside = [
        one
        for _, members in _sibling_comparisons(group)
        if (default := _default(members)) is not None
        for one in members
        if one is not default
    ]
    kept = [one for one in group.comparisons if not any(one is other for other in beside)]
    names = [objective_label(one.config) for one in kept]
    labels = distinct(names, [one.shared for one in kept])
    return replace(
        group,
        comparisons=[
            replace(one, label=label, rows=[row for row in one.rows if axis_of(row) is None])
            for one, label in zip(kept, labels, strict=True)
        ],
    )


def axis_of(row: Row) -> str | None:
    """The axis that an arm's name says it is on."""
    name, equals, _ = row.arm.partition("=")
    return name if name and equals else None


def option(row: Row, name: str) -> str | None:
    """An option of what the row's arm exchanges, as text."""
    config = next(iter(row.runs.values())).config
    entries = flatten(config.model_dump(mode="json", include=set(EXCHANGED)))
    values = [value for path, value in entries.items() if path.rpartition(".")[2] == name]
    # The two parts of a joint objective have each their own.
    return " / ".join(dict.fromkeys(map(value_text, values))) or None


@dataclass(frozen=True)
class _Found:
    """Points of an axis, and the configuration that they share."""

    objective: str
    shared: dict[str, Any]
    points: list[Point]


def _panels(found: list[_Found]) -> list[Panel]:
    """The panels of one axis, named by what tells them apart."""
    labels = distinct([one.objective for one in found], [one.shared for one in found])
    return [
        Panel(label, sorted(one.points, key=_place))
        for label, one in zip(labels, found, strict=True)
    ]


def _arm_axes(comparison: Comparison) -> Iterator[tuple[str, list[Point]]]:
    """The axes that a comparison's arms are on."""
    for name in dict.fromkeys(filter(None, map(axis_of, comparison.rows))):
        points = [
            Point(option(row, name) or row.arm.partition("=")[2], False, {DAM: row})
            for row in comparison.rows
            if axis_of(row) == name
        ]
        points += [
            Point(value, True, {DAM: row})
            for row in comparison.rows
            if row.arm == DAM and (value := option(row, name)) is not None
        ]
        yield name, points


def _comparison_points(key: str, members: list[Comparison]) -> list[Point]:
    """A point for each comparison, with the arms that more than one of them has."""
    arms = [row.label for one in members for row in one.rows if axis_of(row) is None]
    shown = {arm for arm in arms if arms.count(arm) > 1 and arm != BASELINE}
    default = _default(members)
    return [
        Point(
            value_text(flatten(one.shared).get(key)),
            one is default,
            {row.label: row for row in one.rows if row.label in shown},
        )
        for one in members
        if shown
    ]


def _default(members: list[Comparison]) -> Comparison | None:
    """The comparison with the most arms, if there is one such: the others vary it."""
    sizes = [len(one.rows) for one in members]
    return members[sizes.index(max(sizes))] if sizes.count(max(sizes)) == 1 else None


def _sibling_comparisons(group: Group) -> Iterator[tuple[str, list[Comparison]]]:
    """Each setting with the comparisons of one objective that differ in it alone."""
    of: dict[str, list[Comparison]] = {}
    for one in group.comparisons:
        of.setdefault(one.config.objective_name, []).append(one)
    for comparisons in of.values():
        for key in sorted({key for one in comparisons for key in flatten(one.shared)}):
            found: dict[str, list[Comparison]] = {}
            for one in comparisons:
                found.setdefault(canonical(_without(one, key)), []).append(one)
            yield from ((key, members) for members in found.values() if len(members) > 1)


def _without(comparison: Comparison, key: str) -> dict[str, Any]:
    """The configuration by dotted names, but for one of them."""
    return {name: value for name, value in flatten(comparison.shared).items() if name != key}


def _place(point: Point) -> tuple[bool, float, bool, str]:
    """The key that sorts values: numbers by size; the default before other words."""
    if _is_number(point):
        return False, float(point.value), False, ""
    return True, 0.0, not point.default, point.value


def _is_number(point: Point) -> bool:
    try:
        return math.isfinite(float(point.value))
    except ValueError:
        return False
