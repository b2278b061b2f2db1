"""What an arm changes for single classes and queries: numbers, figure and pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.report.figures.style import looks
from benchmark.report.queries.changes import Changes, changes_of
from benchmark.report.queries.class_figure import classes_figure
from benchmark.report.queries.pictures import queries_figure
from benchmark.report.queries.sheet import changes_sheet
from benchmark.report.table import Group
from benchmark.training.building import load_dataset
from benchmark.training.per_query import write_per_query

LABELS = np.repeat([3, 5, 9], 4)
BASELINE = np.array([[0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, np.nan]] * 2)
DAM = np.array(
    [
        [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, np.nan],
        [1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, np.nan],
    ]
)


def store_queries(store: Any, labels: Any, values: dict[str, Any], **run: Any) -> None:
    for arm, found in values.items():
        for seed, recall in enumerate(found):
            metrics = {"recall@1": float(np.nanmean(recall)), "map@r": 0.1}
            folder = store(arm=arm, seed=seed, metrics=metrics, **run)
            write_per_query(folder, {"label": labels, "recall@1": recall, "map@r": recall})


@pytest.fixture
def changes(store: Any, group_of: Any) -> Changes:
    store_queries(store, LABELS, {"baseline": BASELINE, "dam": DAM})
    [dam] = [row for row in group_of().rows if row.arm == "dam"]
    found = changes_of(dam, "recall@1")
    assert found is not None
    return found


def test_changes_by_class_are_means_over_its_queries_with_a_match(changes: Changes) -> None:
    assert changes.classes.tolist() == [3, 5, 9]
    expected = [[2 / 4, -2 / 4, 1 / 3], [1 / 4, -1 / 4, 1 / 3]]
    np.testing.assert_allclose(changes.by_class, expected)
    assert changes.queries.tolist() == list(range(11))


def test_queries_are_shown_by_change_and_of_many_classes(changes: Changes) -> None:
    # 0 in two pairs, the others in one: 8 is the first of its class, 1 and 10 the second.
    assert changes.most_changed(9, gained=True).tolist() == [0, 8, 1, 10]
    assert changes.most_changed(2, gained=True).tolist() == [0, 8]
    assert changes.most_changed(9, gained=False).tolist() == [6, 7]


def test_the_table_counts_classes_and_queries(changes: Changes, group_of: Any) -> None:
    sheet = changes_sheet(group_of())
    assert sheet is not None
    [line] = sheet.lines
    assert list(line.values) == ["dam", 2, 2, 1, 2, 1, 4, 2]


def test_the_figure_orders_the_classes_of_each_arm(changes: Changes, group_of: Any) -> None:
    figure = classes_figure(group_of(), looks(["baseline", "dam"]))
    assert figure is not None
    [axes] = figure.axes
    zero, line = sorted(axes.lines, key=lambda one: len(one.get_xdata()))
    assert line.get_ydata() == pytest.approx([37.5, 100 / 3, -37.5])
    assert zero.get_ydata() == [0, 0]


def test_runs_without_queries_have_no_changes(store: Any, group_of: Any) -> None:
    store()
    store(arm="dam")
    group = group_of()
    arms = looks(["baseline", "dam"])
    assert (
        changes_sheet(group) is classes_figure(group, arms) is queries_figure(group, arms) is None
    )


def with_cues(store: Any, group_of: Any, **digests: str) -> Group:
    """Runs on few drawn beetles, with what they were measured on."""
    kind = {"type": "cues", "images": 4}
    drawn: dict[str, Any] = {"dataset": kind, "transform": {"type": "as_drawn"}}
    store(**drawn, state="not run")
    config = group_of().runs[0].config
    dataset = load_dataset(config)
    labels = dataset.query.labels
    values = {"baseline": np.zeros((2, len(labels))), "dam": np.ones((2, len(labels)))}
    shared = {"initial_weights": "w", "batches": "b", "evaluated": "e"}
    known = shared | dataset.digests() | digests
    store_queries(store, labels, values, **drawn, digests=known)
    return group_of()


def test_pictures_are_the_images_that_changed(store: Any, group_of: Any) -> None:
    figure = queries_figure(with_cues(store, group_of), looks(["baseline", "dam"]))
    assert figure is not None
    [axes] = figure.axes
    assert len(axes.images) == 12
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("0 → 2") == 12 and "none" in texts


def test_images_of_another_version_are_not_shown(store: Any, group_of: Any) -> None:
    group = with_cues(store, group_of, data_images="of another machine's fonts")
    assert queries_figure(group, looks(["baseline", "dam"])) is None


def test_images_that_cannot_be_made_here_are_not_shown(store: Any, group_of: Any) -> None:
    wrong = {"dataset": {"type": "cues"}, "transform": {"type": "glyph_affine"}}
    store_queries(store, LABELS, {"baseline": BASELINE, "dam": DAM}, **wrong)
    assert queries_figure(group_of(), looks(["baseline", "dam"])) is None


@pytest.mark.parametrize("kind", ["market1501", "msmt17", "cub200", "image_folder", "reid_folder"])
def test_photographs_and_people_are_never_shown(
    kind: str, store: Any, group_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(config: Any) -> None:
        raise AssertionError("its images were opened")

    monkeypatch.setattr("benchmark.report.queries.pictures.load_dataset", loaded)
    store_queries(store, LABELS, {"baseline": BASELINE, "dam": DAM}, dataset={"type": kind})
    assert queries_figure(group_of(), looks(["baseline", "dam"])) is None
