"""What the report says of known cues: sentences, table and figures."""

from typing import Any

import pytest

from benchmark.report.cues.figures import cue_epochs_figure, cues_figure
from benchmark.report.cues.findings import cue_findings
from benchmark.report.cues.known import cues_of
from benchmark.report.cues.set_figure import cue_set_figure
from benchmark.report.cues.sheet import cues_sheet
from benchmark.report.figures.style import looks

SALIENCY = {"mark": 9.0, "shell_colour": 900.0, "eyes": 5.0, "rim": 300.0}
ARMS = ("baseline", "dam", "random")


def store_cues(
    store: Any, subtle: dict[str, float], recall: dict[str, float], seeds: int = 3
) -> None:
    """Runs whose subtle cues and Recall@1 lie that far above those of the baseline."""
    for arm in ARMS:
        for seed in range(seeds):
            # Differences vary by 0.2 points over the seeds.
            own = 0.01 * seed + (0.002 * (seed - 1) if arm != "baseline" else 0)
            held = 0.55 + subtle.get(arm, 0.0) + own
            metrics = {
                "recall@1": 0.3 + recall.get(arm, 0.0) + own,
                "map@r": 0.1,
                "subtle_cues": held,
                "major_cues": 0.8 + own,
                "captured_cues": 0.5,
                "decodable_subtle_cues": 0.1,
            } | {f"cue_accuracy.{cue}": held for cue in SALIENCY}
            facts = {"cues": SALIENCY}
            store(arm=arm, seed=seed, metrics=metrics, dataset_facts=facts, evaluated=True)


def test_an_arm_that_holds_more_is_named_with_what_retrieval_does(
    store: Any, group_of: Any
) -> None:
    store_cues(store, {"dam": 0.05}, {"dam": -0.02})
    (sentence,) = cue_findings(group_of())
    assert sentence == (
        "norm_softmax, accuracy of the subtle cues: more than its baseline in dam, "
        "+5.0 [+4.5, +5.5] points (retrieval goes the other way: Recall@1 −2.0 [−2.5, −1.5]); "
        "not told apart from it in random, 0.0 [−0.5, +0.5] points."
    )


def test_no_arm_is_said_to_hold_more_where_none_is_seen_to(store: Any, group_of: Any) -> None:
    store_cues(store, {"dam": 0.004, "random": -0.05}, {"random": -0.05})
    (sentence,) = cue_findings(group_of())
    assert "no arm is seen to hold more than its baseline; less than it in random" in sentence
    assert "(retrieval follows: Recall@1 −5.0 [−5.5, −4.5])" in sentence
    assert "not told apart from it in dam, +0.4 [−0.1, +0.9] points." in sentence


def test_a_single_pair_shows_nothing(store: Any, group_of: Any) -> None:
    store_cues(store, {"dam": 0.3}, {}, seeds=1)
    (sentence,) = cue_findings(group_of())
    assert "no arm is seen to hold more than its baseline" in sentence
    assert "a single pair, which can't tell an effect from chance, in dam" in sentence


def test_data_sets_without_known_cues_have_none_of_it(store: Any, group_of: Any) -> None:
    store()
    store(arm="dam")
    group = group_of()
    arms = looks(["baseline", "dam"])
    assert not cue_findings(group) and cues_sheet(group) is None
    for draw in (cues_figure, cue_epochs_figure, cue_set_figure):
        assert draw(group, arms) is None


def test_table_and_figures_go_from_the_most_to_the_least_salient_cue(
    store: Any, group_of: Any
) -> None:
    store_cues(store, {"dam": 0.05}, {})
    group = group_of()
    assert list(cues_of(group)) == ["shell_colour", "rim", "mark", "eyes"]
    sheet = cues_sheet(group)
    assert sheet is not None
    headings = [column.heading for column in sheet.columns]
    assert headings[-4:] == ["Cue: shell colour", "Cue: rim", "Cue: mark", "Cue: eyes"]
    assert not [metric for metric in group.metrics if metric.startswith("cue_accuracy")]
    figure = cues_figure(group, looks(ARMS))
    assert figure is not None
    (axes,) = figure.axes
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["shell colour  900", "rim  300", "mark  9", "eyes  5"]
    lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_xdata()) == 4]
    assert [line[0] for line in lines] == pytest.approx([56, 61, 56])
    epochs = cue_epochs_figure(group, looks(ARMS))
    assert epochs is not None
    major, subtle = epochs.axes
    assert major.get_lines()[1].get_ydata() == pytest.approx([81, 81])
    assert subtle.get_lines()[1].get_ydata() == pytest.approx([61, 61])


def test_the_set_is_shown_as_its_options_draw_it(store: Any, group_of: Any) -> None:
    store(dataset={"type": "cues", "cues": 6, "size": 40}, dataset_facts={"cues": {"eyes": 60.0}})
    figure = cue_set_figure(group_of(), looks(["baseline"]))
    assert figure is not None
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "shell colour" and "eyes\n60" in labels and len(labels) == 6
    (picture,) = axes.get_images()
    sheet = picture.get_array()
    assert sheet.shape == (6 * 42, 8 * 42, 3)
    images = sheet.reshape(6, 42, 8, 42, 3).transpose(0, 2, 1, 3, 4)[:, :, :40, :40]
    for row in images:
        assert len({image.tobytes() for image in row}) == 8
