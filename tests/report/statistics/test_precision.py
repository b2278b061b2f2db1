"""Seeds until the differences are precise: which rows want one more, and what coverage remains."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interval_coverage import SHAPES, pairs_at_the_end, sequential_coverage

from benchmark.__main__ import main
from benchmark.errors import UserError
from benchmark.report import write_report
from benchmark.report.figures.catalogue import Gallery
from benchmark.report.grouping import build_table
from benchmark.report.statistics.interval import paired_interval
from benchmark.report.statistics.precision import (
    FEWEST,
    FILE,
    Precision,
    read_precision,
    wanting,
    with_seed,
)
from benchmark.report.table import Group
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_runs

RULE = Precision(half_width=0.005, max_seeds=8)
NARROW = (0.001, 0.002, 0.0, 0.001, 0.002, 0.001)
WIDE = (0.05, -0.05, 0.1, 0.0, 0.02, 0.01)


def fill(store: Any, seeds: int, gains: dict[str, tuple[float, ...]], sign: int = 1) -> None:
    """Arms of one objective: `gains` over the baseline by seed, in both metrics."""
    for seed in range(seeds):
        for arm in ("baseline", *gains):
            gain = sign * gains[arm][seed] if arm in gains else 0.0
            values = {"recall@1": 0.5 + gain, "map@r": 0.3 + gain}
            store(arm=arm, seed=seed, metrics=values)


def planned(out: Path) -> list[PlannedRun]:
    return [PlannedRun(run.config) for run in read_runs(out).runs if run.config.seed == 0]


def wanted(out: Path, rule: Precision = RULE) -> set[str]:
    found = wanting(build_table(read_runs(out)), rule, planned(out))
    return {run.config.arm for run in found}


@pytest.mark.parametrize("sign", [1, -1])
def test_arms_go_on_until_their_widths_suffice_whatever_the_sign(
    store: Any, tmp_path: Path, sign: int
) -> None:
    fill(store, FEWEST, {"dam": WIDE, "random": NARROW}, sign)
    assert wanted(tmp_path) == {"baseline", "dam"}


def test_no_width_ends_an_arm_before_it_has_enough_pairs(store: Any, tmp_path: Path) -> None:
    fill(store, FEWEST - 1, {"dam": NARROW, "random": NARROW})
    assert wanted(tmp_path) == {"baseline", "dam", "random"}
    fill(store, FEWEST, {"dam": NARROW, "random": NARROW})
    assert wanted(tmp_path) == set()


def test_the_number_of_seeds_ends_an_arm(store: Any, tmp_path: Path) -> None:
    fill(store, 6, {"dam": WIDE})
    assert wanted(tmp_path) == {"baseline", "dam"}
    assert wanted(tmp_path, Precision(half_width=0.005, max_seeds=6)) == set()


def test_every_main_metric_counts(store: Any, group_of: Callable[[], Group]) -> None:
    for seed in range(FEWEST):
        store(arm="baseline", seed=seed, metrics={"recall@1": 0.5, "map@r": 0.3})
        values = {"recall@1": 0.5 + NARROW[seed], "map@r": 0.3 + WIDE[seed]}
        store(arm="dam", seed=seed, metrics=values)
    group = group_of()
    [dam] = [row for row in group.rows if row.arm == "dam"]
    assert RULE.ending(group, dam) == "open"


def test_an_arm_that_never_pairs_ends(store: Any, tmp_path: Path) -> None:
    fill(store, FEWEST, {"random": NARROW})
    for seed in range(FEWEST):
        store(arm="dam", seed=seed, state="failed", error="no luck")
    assert wanted(tmp_path) == set()


def test_a_further_seed_is_the_same_run_but_for_the_seed(store: Any, tmp_path: Path) -> None:
    fill(store, 1, {"dam": WIDE})
    runs = planned(tmp_path)
    further = with_seed(runs, 7)
    for one, other in zip(runs, further, strict=True):
        assert one.config.model_copy(update={"seed": 7}) == other.config
        assert one.id != other.id


def test_the_report_says_which_rule_ended_each_row(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.report.draw_all", lambda table, folder: Gallery())
    fill(store, 6, {"dam": WIDE, "random": NARROW})
    assert "its precision" not in write_report(tmp_path).page.read_text(encoding="utf-8")
    Precision(half_width=0.005, max_seeds=6).store(tmp_path)
    page = write_report(tmp_path).page.read_text(encoding="utf-8")
    assert "its precision" in page and "the number of seeds" in page
    assert "never at the sign" in page
    written = (tmp_path / "tables" / "typefaces-precision.csv").read_text(encoding="utf-8")
    assert written.count("its precision") == written.count("the number of seeds") == 1


def test_the_command_adds_seeds_in_order_to_the_arms_that_want_them(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 1, {"dam": WIDE, "random": NARROW})
    first = planned(tmp_path)
    gains = {"baseline": (0.0,) * 9, "dam": (*WIDE, *WIDE), "random": NARROW}
    made: list[tuple[int, str]] = []

    def make(runs: list[PlannedRun], options: Any) -> Outlook:
        for config in (run.config for run in runs):
            value = 0.5 + gains[config.arm][config.seed]
            store(arm=config.arm, seed=config.seed, metrics={"recall@1": value, "map@r": value})
            made.append((config.seed, config.arm))
        return Outlook(total=len(runs), finished=len(runs))

    module = "benchmark.commands.run."
    monkeypatch.setattr(f"{module}planned_runs", lambda options: first)
    monkeypatch.setattr(f"{module}_made", make)
    monkeypatch.setattr(f"{module}report_on", lambda out, console: None)
    data = "benchmark.suite.store.changed_data.settle_changed_data"
    monkeypatch.setattr(data, lambda runs, out, choice: [])
    arguments = ["run", "--out", str(tmp_path), "--precision", "0.5", "--max-seeds", "7"]
    assert main(arguments) == 0
    by_seed = {seed: {arm for one, arm in made if one == seed} for seed, _ in made}
    every = {"baseline", "dam", "random"}
    assert by_seed == {seed: every if seed < 5 else {"baseline", "dam"} for seed in range(7)}
    assert read_precision(tmp_path) == Precision(half_width=0.005, max_seeds=7)
    before = len(made)
    assert main(arguments) == 0
    assert sorted(made[before:]) == [(0, arm) for arm in sorted(every)]  # which are there already


@pytest.mark.parametrize("options", ["--max-seeds 7", "--precision 0", "--precision half"])
def test_options_that_say_nothing_are_refused(options: str, tmp_path: Path) -> None:
    assert main(["run", "--out", str(tmp_path / "none"), *options.split()]) == 2
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", ["{", '{"half_width": -1, "max_seeds": 3}', '{"a": 1}'])
def test_a_damaged_rule_is_one_message(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(UserError, match=r"precision.json can't be read .* Remove it"):
        read_precision(tmp_path)


def test_the_simulation_ends_rows_as_the_rule_does() -> None:
    drawn = np.random.default_rng(0).normal(0, 0.007, (20, 12))
    found, _, _ = pairs_at_the_end(drawn, 0.005, FEWEST)
    for row, end in zip(drawn, found, strict=True):
        reached = (n for n in range(1, 12) if RULE.reached([paired_interval(row[:n].tolist())]))
        assert next(reached, 12) == end


def test_what_coverage_remains_when_widths_decide() -> None:
    """The table in docs/statistics.md, with fewer samples."""
    kept = [
        sequential_coverage(SHAPES["normal"], sd, FEWEST, samples=1500) for sd in (0.5, 1.0, 2.0)
    ]
    assert [round(one, 2) for one in kept] == pytest.approx([0.95, 0.945, 0.92], abs=0.02)
    early = sequential_coverage(SHAPES["normal"], 2.0, 3, samples=1500)
    assert early < kept[2]  # the earlier a row may end, the less it holds
