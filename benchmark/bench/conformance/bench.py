"""`bench conformance`: every objective and mapping against its oracles, in value and gradient."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from benchmark.bench.conformance import cases_mapping, cases_pair, cases_proxy
from benchmark.bench.conformance.agreement import CASES, TOLERANCE, Agreement, Missing
from benchmark.bench.conformance.formulas_pair import FORMULAS
from benchmark.bench.conformance.table import WORDS, readme, shown, stored, summary
from benchmark.bench.table import as_csv, as_terminal
from benchmark.registry import PAIR_OBJECTIVES, PROXY_OBJECTIVES, names

QUICK = 5
WIDTH = 150

Comparison = Callable[[torch.dtype, int], Agreement | Missing]


def bench_conformance(console: Console, *, out: Path | None = None, quick: bool = False) -> int:
    """Compare, print the table, and write `table.csv` and `README.md` into `out` if it is given.

    `quick` takes few cases. Returns the exit status: 0, or 1 if something differs by more than its
    tolerance. Raises UserError if pytorch-metric-learning isn't installed.
    """
    cases = QUICK if quick else CASES
    rows: list[Agreement | Missing] = []
    hidden = not console.is_terminal
    for compare in track(
        comparisons(), "comparing", console=console, transient=True, disable=hidden
    ):
        found = [compare(dtype, cases) for dtype in TOLERANCE]
        rows += found[:1] if isinstance(found[0], Missing) else found
    _show(rows, console, out, quick)
    return int(any(isinstance(row, Agreement) and not row.agrees for row in rows))


def comparisons() -> list[Comparison]:
    """Every registered objective with every mining, and every mapping with every rule."""
    keys = [*FORMULAS, *(name for name in names(PAIR_OBJECTIVES) if name not in FORMULAS)]
    return [
        *(
            partial(against, name)
            for name in names(PROXY_OBJECTIVES)
            for against in (cases_proxy.against_formula, cases_proxy.against_library)
        ),
        *(
            partial(against, key)
            for key in keys
            for against in (cases_pair.against_formula, cases_pair.against_library)
        ),
        *(
            partial(cases_mapping.proxy_mapping, mapping, centres, technology, rule)
            for mapping, centres, technology in cases_mapping.PROXY_MAPPINGS
            for rule in cases_mapping.proxy_rules(mapping)
        ),
        *(
            partial(cases_mapping.pair_mapping, similarity, technology, rule)
            for similarity, technology in cases_mapping.PAIR_SIMILARITIES
            for rule in cases_mapping.RULES
        ),
    ]


def _show(rows: list[Agreement | Missing], console: Console, out: Path | None, quick: bool) -> None:
    from benchmark.durable import write_text
    from benchmark.training.environment import describe

    # A file or a pipe has no width.
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    compared = [row for row in rows if isinstance(row, Agreement)]
    styles = [None if row.agrees else "bold" for row in compared]
    console.print(as_terminal(shown([*compared]), WORDS, styles))
    for row in rows:
        if isinstance(row, Missing):
            console.print(f"{row.subject}, {row.oracle}: {row.source}")
    console.print(summary(rows))
    if out is not None:
        command = f"python -m benchmark bench conformance{' --quick' if quick else ''}"
        write_text(out / "table.csv", as_csv(stored(rows)))
        write_text(out / "README.md", readme(rows, command, describe("cpu", 1)))
        console.print(f"written: {out.resolve() / 'README.md'}", soft_wrap=True)
