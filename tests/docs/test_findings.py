"""What the README says was found is what the committed table of the default suite says."""

import csv

import pytest
from pages import ROOT, names, read, table

NAMES = {
    "Multi-Similarity": "multi_similarity",
    "normalised softmax": "norm_softmax",
    "Proxy-Anchor": "proxy_anchor",
    "batch-hard triplets": "triplet",
}
OBJECTIVES = NAMES | {"CosFace": "cos_face", "softmax and triplets": "joint"}
METRIC = "recall@1"
TUNED = {
    "embedding": "readings",
    "embedding, wider search": "ranges",
    "last stages": "tail",
    "whole network": "full",
}
"""The folders of tuned arms by what is trained in them."""
INCOMPLETE = "full_gpu"
"""A folder in which a control has no run on the test half."""


def points(text: str) -> str:
    return (
        f"{100 * float(text):+.1f}".replace("-", "−").replace("+0.0", "0.0").replace("−0.0", "0.0")
    )


def leaves_out_zero(low: str, high: str) -> bool:
    """Whether an interval does as it is shown, which is how the report judges it too."""
    return points(low).startswith("+") or points(high).startswith("−")


def test_the_readmes_table_is_the_stored_one() -> None:
    with (ROOT / "results" / "smoke" / "table.csv").open(encoding="utf-8") as file:
        stored = {(row["objective"], row["arm"]): row for row in csv.DictReader(file)}

    def shown(objective: str, arm: str) -> str:
        row = stored[objective, arm]
        difference, low, high = (
            points(row[f"{METRIC} difference {end}(fraction)"]) for end in ("", "low95 ", "high95 ")
        )
        return f"{difference} [{low}, {high}]"

    rows = table(ROOT / "README.md", "objective")
    assert {row[0] for row in rows} == set(NAMES)
    assert {objective for objective, _ in stored} == set(NAMES.values())
    for name, *cells in rows:
        for cell, arm in zip(cells, ("dam", "shrunk", "random"), strict=True):
            row = stored[NAMES[name], arm]
            assert cell.strip("*") == shown(NAMES[name], arm)
            ends = [row[f"{METRIC} difference {end}95 (fraction)"] for end in ("low", "high")]
            assert cell.startswith("**") == leaves_out_zero(*ends)


def test_it_says_what_the_data_are() -> None:
    assert "**not photographs**" in read(ROOT / "README.md")


def interval_cell(row: dict[str, str], reference: str) -> str:
    """A difference with its interval in points, bold where it leaves out zero; a dash for none."""
    key = f"minus {reference}"
    if not row[key]:
        return "–"
    low, high = (row[f"{key} {end}95"] for end in ("low", "high"))
    text = f"{points(row[key])} [{points(low)}, {points(high)}]"
    return f"**{text}**" if leaves_out_zero(low, high) else text


def searched() -> list[tuple[str, str, str]]:
    """The folder, data set and objective of every search that is stored."""
    found = {}
    for folder in (*TUNED.values(), INCOMPLETE):
        with (ROOT / "results" / folder / "folds.csv").open(encoding="utf-8") as file:
            found |= {
                (folder, row["data set"], row["objective"]): None for row in csv.DictReader(file)
            }
    return list(found)


@pytest.mark.parametrize(("page", "dataset", "objective"), searched())
def test_pages_of_tuned_arms_show_their_tables(page: str, dataset: str, objective: str) -> None:
    folder = ROOT / "results" / page
    with (folder / "folds.csv").open(encoding="utf-8") as file:
        folds = {
            row["arm"]: row
            for row in csv.DictReader(file)
            if (row["data set"], row["objective"]) == (dataset, objective) and row["chosen"]
        }
    with (folder / "tests.csv").open(encoding="utf-8") as file:
        tests = {
            (row["arm"], row["metric"]): row
            for row in csv.DictReader(file)
            if (row["data set"], row["objective"]) == (dataset, objective)
            and int(row["seeds"]) >= 5
        }
    (name,) = (name for name, one in OBJECTIVES.items() if one == objective)
    rows = table(folder / "README.md", f"arm, {name}, {dataset}")
    assert [names(row[0])[0] for row in rows] == sorted(
        folds, key=lambda arm: float(folds[arm]["mean"]), reverse=True
    )
    metrics = list(dict.fromkeys(metric for _, metric in tests))
    for name, setting, fold, *cells in rows:
        (arm,) = names(name)
        value = float(folds[arm]["setting"].split("=")[1])
        assert setting == (f"{value:.2g}" if value < 100 else f"{value:.0f}").replace("-", "−")
        assert fold == f"{100 * float(folds[arm]['mean']):.1f}"
        assert cells == [
            interval_cell(tests[arm, metric], reference) if (arm, metric) in tests else "not run"
            for reference in ("baseline", "shrunk")
            for metric in metrics
        ]


@pytest.mark.parametrize("page", ["readings", "ranges"])
def test_the_controls_of_a_readings_own_hardness_are_the_stored_ones(page: str) -> None:
    folder = ROOT / "results" / page
    with (folder / "tests.csv").open(encoding="utf-8") as file:
        stored = {
            (row["data set"], row["arm"], row["metric"]): row
            for row in csv.DictReader(file)
            if row["objective"] == "norm_softmax"
        }
    rows = table(folder / "README.md", "reading, selection")
    shown = {(dataset, names(name)[0]) for name, dataset, *_ in rows}
    assert shown == {key[:2] for key, row in stored.items() if row["minus own shrunk"]}
    for name, dataset, *cells in rows:
        (arm,) = names(name)
        control = f"shrunk, {arm.replace('=', ' ')}"
        assert cells == [
            interval_cell(stored[dataset, one, metric], reference)
            for metric in ("Recall@1", "MAP@R")
            for one, reference in ((control, "baseline"), (arm, "own shrunk"))
        ]


def test_the_intervals_over_classes_are_the_stored_ones() -> None:
    folder = ROOT / "results" / "ranges"
    with (folder / "tests.csv").open(encoding="utf-8") as file:
        stored = {
            (row["data set"], row["objective"], row["metric"]): row
            for row in csv.DictReader(file)
            if row["arm"] == "dam"
        }
    shown = {
        (dataset, OBJECTIVES[name], metric): cells
        for name, dataset, metric, *cells in table(
            folder / "README.md", "objective, over classes too"
        )
    }
    assert shown == {
        key: [interval_cell(row, f"{of} over classes too") for of in ("baseline", "shrunk")]
        for key, row in stored.items()
    }


Comparisons = dict[tuple[str, str, str, str], dict[str, dict[str, str]]]
"""The arms' rows by folder, data set, objective and metric."""


@pytest.fixture(scope="module")
def tuned() -> Comparisons:
    found: Comparisons = {}
    for folder in TUNED.values():
        with (ROOT / "results" / folder / "tests.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key = folder, row["data set"], row["objective"], row["metric"]
                found.setdefault(key, {})[row["arm"]] = row
    return found


def parts(arms: dict[str, dict[str, str]]) -> list[str]:
    """DAM − baseline, the hardness and the selection."""
    dam, shrunk = arms["dam"], arms["shrunk"]
    return [
        interval_cell(dam, "baseline"),
        interval_cell(shrunk, "baseline"),
        interval_cell(dam, "shrunk"),
    ]


def test_the_results_page_has_every_comparison_of_tuned_arms(tuned: Comparisons) -> None:
    shown = {
        (TUNED[trained], dataset, OBJECTIVES[name], metric): cells
        for name, dataset, trained, metric, *cells in table(
            ROOT / "results" / "README.md", "objective of tuned arms"
        )
    }
    assert shown == {key: parts(arms) for key, arms in tuned.items()}


def test_the_readme_has_every_comparison_of_tuned_arms_in_recall(tuned: Comparisons) -> None:
    # Of two searches of the same arms, the wider one.
    assert all(("ranges", *of) in tuned for folder, *of in tuned if folder == "readings")
    first = {
        key: arms
        for key, arms in tuned.items()
        if key[3] in ("Recall@1", "CMC@1") and key[0] != "readings"
    }
    columns = [
        ("ranges", "CUB-50"),
        ("ranges", "Cars196-train"),
        ("ranges", "Market-train-split"),
        ("tail", "CUB-50"),
        ("tail", "Cars196-train"),
        ("full", "CUB-50"),
    ]
    shown = {
        (*column, OBJECTIVES[name]): cell
        for name, *cells in table(ROOT / "README.md", "objective, tuned")
        for column, cell in zip(columns, cells, strict=True)
        if cell != "–"
    }
    assert shown == {(folder, *of): parts(arms)[0] for (folder, *of, _), arms in first.items()}
    better, worse = (
        [
            sum(parts(arms)[part].startswith(f"**{sign}") for arms in first.values())
            for part in range(3)
        ]
        for sign in ("+", "−")
    )
    text = " ".join(read(ROOT / "README.md").split())
    for sentence in (
        f"DAM is better than its baseline in {better[0]} of these {len(first)} comparisons and "
        f"worse in {worse[0]}; the control of equal hardness is better than the baseline in "
        f"{better[1]} and worse in {worse[1]}.",
        f"DAM is better than that control in {better[2]}, all but two on frozen features, and "
        f"worse in {worse[2]} (",
    ):
        assert sentence in text
    gained = [key[0] for key, arms in first.items() if parts(arms)[2].startswith("**+")]
    assert gained.count("ranges") == len(gained) - 2


def test_the_readme_has_what_the_scale_does_to_the_effect() -> None:
    found: dict[float, dict[str, float]] = {}
    with (ROOT / "results" / INCOMPLETE / "folds.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            scale = float(row["setting"].split("=")[1])
            found.setdefault(scale, {})[row["arm"]] = 100 * float(row["mean"])
    effect = {scale: arms["dam"] - arms["baseline"] for scale, arms in found.items()}
    low, high = min(effect), max(effect)
    text = " ".join(read(ROOT / "README.md").split())
    assert (
        f"DAM is {-effect[low]:.1f} points of MAP@R behind its baseline at {low:.1f} and "
        f"{effect[high]:.1f} ahead at {high:.0f}" in text
    )


def test_no_reading_is_chosen() -> None:
    rule = read(ROOT / "results" / "readings" / "rule.txt")
    assert "chosen:" not in rule and "no candidate" in rule
    assert "**no reading of DAM is chosen**" in read(ROOT / "README.md")
