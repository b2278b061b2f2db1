"""`bench training`: the whole run beside the arithmetic of its model, and beside a plain loader."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console

from benchmark.bench.table import as_csv, as_terminal
from benchmark.bench.training.cases import CASES, Case, configurations
from benchmark.bench.training.table import WORDS, not_measured, page, shown
from benchmark.bench.training.timing import Times, limit, plain_loader, timed
from benchmark.durable import write_text
from benchmark.errors import UserError
from benchmark.run_config import RunConfig
from benchmark.suite.engines.local import loaders
from benchmark.training.arithmetic import arithmetic
from benchmark.training.environment import describe
from benchmark.training.memory import keep_freed_memory

QUICK_ROUNDS, QUICK_STEPS = 2, 2
LIMIT, TWIN, PLAIN = "limit", "baseline's limit", "plain loader"


def bench_training(
    console: Console,
    *,
    data_root: Path | None = None,
    out: Path | None = None,
    only: str = "",
    quick: bool = False,
) -> int:
    """Measure, print the table, and write `table.csv` and `table.md` into `out` where given.

    Cases that need a GPU, or real images that aren't below `data_root`, are named as not measured.
    `only` leaves the cases without it in their names out. `quick` shows that everything runs, not
    how fast. Returns the exit status 0. Raises UserError where no case is left.
    """
    cases = [case for case in CASES if only in case.name]
    if not cases:
        names = "; ".join(case.name for case in CASES)
        raise UserError(f"--case {only}: no case has this in its name. There are: {names}")
    keep_freed_memory()
    rows: list[dict[str, Any]] = []
    for case in cases:
        try:
            found = _configurations(case, data_root)
        except UserError as error:
            rows.append({"case": case.name, "why not": " ".join(str(error).split())})
            continue
        for objective, arms in found.items():
            for arm, config in arms.items():
                times = _timed(case, config, arms["baseline"], quick)
                row = _row(case, objective, arm, times)
                share = f"{row['of limit']:.2f} of the limit"
                console.print(f"{case.name}: {objective} {arm}: {share}", style="dim")
                rows.append(row)
    frame = pd.DataFrame(rows)
    if not console.is_terminal:
        console.width = max(console.width, 150)
    console.print(as_terminal(shown(frame), WORDS))
    for line in not_measured(frame):
        console.print(line, soft_wrap=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if out is not None:
        write_text(out / "table.csv", as_csv(frame))
        text = page(frame, describe(device, torch.get_num_threads()), only, quick)
        write_text(out / "table.md", text)
        console.print(f"written: {out.resolve() / 'table.md'}", soft_wrap=True)
    return 0


def _configurations(case: Case, data_root: Path | None) -> dict[str, dict[str, RunConfig]]:
    if case.device == "cuda" and not torch.cuda.is_available():
        raise UserError("there is no GPU here")
    return configurations(case, data_root)


def _timed(case: Case, config: RunConfig, baseline: RunConfig, quick: bool) -> Times:
    with arithmetic(config):
        processes = loaders([config], workers=1)
        others = {LIMIT: limit(config), TWIN: limit(baseline)}
        plain = plain_loader(config, processes)
        if plain is not None:
            others[PLAIN] = plain
        turns = (QUICK_ROUNDS, QUICK_STEPS) if quick else (case.rounds, case.steps)
        return timed(config, others, *turns, processes)


def _row(case: Case, objective: str, arm: str, times: Times) -> dict[str, Any]:
    """Milliseconds a step, and the ratios with their quartiles."""
    row: dict[str, Any] = {"case": case.name, "objective": objective, "arm": arm}
    row["rounds"] = len(times.run)
    row["run, ms"] = 1000 * pd.Series(times.run).median()
    row["limit, ms"] = 1000 * pd.Series(times.others[LIMIT]).median()
    row["of limit"], row["of limit, low"], row["of limit, high"] = times.ratio(LIMIT)
    row["target"] = case.target
    if PLAIN in times.others:
        row["x plain"], row["x plain, low"], row["x plain, high"] = times.ratio(PLAIN)
    if arm != "baseline":
        row["DAM / baseline"], row["low"], row["high"] = times.ratio(LIMIT, TWIN)
        row["at most"] = None if case.overhead is None else 1 + case.overhead
    return row
