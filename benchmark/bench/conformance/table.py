"""What `bench conformance` found: the table that is shown, the one that is stored, the page."""

import importlib.metadata
from typing import Any

import pandas as pd

from benchmark.bench.conformance.agreement import TOLERANCE, Agreement, Missing
from benchmark.bench.table import as_markdown

ABSENT = "–"
LEARNED = ("proxies", "beta")
GRADIENTS = ("features", "similarities", *LEARNED)
WORDS = ("compared", "oracle", "dtype", "agrees")
HEADER = ("compared", "oracle", "dtype", "cases", "value", "input", "learned", "at most", "agrees")


def _cells(row: Agreement) -> list[str]:
    """A line of the table."""
    learned = [row.gradients[name] for name in LEARNED if name in row.gradients]
    inputs = [number for name, number in row.gradients.items() if name not in LEARNED]
    return [
        row.subject,
        row.oracle,
        dtype_name(row),
        str(row.cases),
        f"{row.value:.0e}",
        *(f"{numbers[0]:.0e}" if numbers else ABSENT for numbers in (inputs, learned)),
        f"{row.tolerance:.0e}",
        "yes" if row.agrees else "NO",
    ]


def dtype_name(row: Agreement) -> str:
    """float32 or float64."""
    return str(row.dtype).removeprefix("torch.")


def shown(rows: list[Agreement | Missing]) -> pd.DataFrame:
    """A line a comparison; one with an oracle that is missing says why."""
    empty = [""] * (len(HEADER) - 3)
    lines = [
        _cells(row) if isinstance(row, Agreement) else [row.subject, row.oracle, row.source, *empty]
        for row in rows
    ]
    return pd.DataFrame(lines, columns=HEADER)


def summary(rows: list[Agreement | Missing]) -> str:
    """How many agree, in one line."""
    compared = [row for row in rows if isinstance(row, Agreement)]
    agreeing = sum(row.agrees for row in compared)
    bounds = " and ".join(
        f"{tolerance:.0e} in {str(dtype).removeprefix('torch.')}"
        for dtype, tolerance in TOLERANCE.items()
    )
    least = min(row.cases for row in compared)
    return f"{agreeing} of {len(compared)} agree to {bounds}, over at least {least} cases each"


def stored(rows: list[Agreement | Missing]) -> pd.DataFrame:
    """A line a comparison, with every gradient; one with an oracle that is missing says why."""
    names = [
        *("compared", "oracle", "source", "dtype", "cases", "cases_nonzero", "value"),
        *(f"gradient_to_{name}" for name in GRADIENTS),
        *("tolerance", "agrees"),
    ]
    lines = []
    for row in rows:
        line = {"compared": row.subject, "oracle": row.oracle, "source": row.source}
        if isinstance(row, Agreement):
            line |= {
                "dtype": dtype_name(row),
                "cases": str(row.cases),
                "cases_nonzero": str(row.nonzero),
                "value": f"{row.value:.3e}",
                **{f"gradient_to_{k}": f"{number:.3e}" for k, number in row.gradients.items()},
                "tolerance": f"{row.tolerance:.0e}",
                "agrees": "yes" if row.agrees else "no",
            }
        lines.append(line)
    return pd.DataFrame(lines, columns=names)


def readme(rows: list[Agreement | Missing], command: str, environment: dict[str, Any]) -> str:
    """The table with what it means and its conditions."""
    e = environment
    changed = " with changes" if e["dirty"] else ""
    versions = [f"{name} {e[name]}" for name in ("python", "torch", "numpy")]
    library = importlib.metadata.version("pytorch-metric-learning")
    lines = [
        "# Agreement with oracles",
        "",
        f"`{command}`: {summary(rows)}.",
        "",
        f"- {e['device_name']}, {e['threads']} thread; {e['platform']}; "
        f"commit {e['commit']}{changed}",
        f"- {', '.join(versions)}, pytorch-metric-learning {library}",
        "- Each case is of a random size and drawn from generators whose seeds follow from its "
        "number, counted from 0.",
        "- `value`, `input` and `learned` are the largest differences, over all cases, of the "
        "value and of its gradients to the input (features, or for the formulas of pair "
        "objectives the similarities) and to what is learned (proxies, or the boundary of the "
        "margin loss). Each is relative to the oracle's largest entry, or to 1 where that is "
        "larger. A case's value is a loss; of a mapping it is the matrix of similarities.",
        "- `formula`: the objective's formula term by term, in float64, on the same numbers. "
        "`library`: the objective in pytorch-metric-learning, in the same dtype. `definition`: the "
        "mapping in plain autograd, in float64; the mapping itself is computed by numba or by "
        "torch.",
        "- `table.csv` has three digits, the library's names, and in how many cases the value is "
        "not zero. Where the library has no answer another case is drawn.",
        "",
        as_markdown(shown(rows), WORDS),
    ]
    return "\n".join(lines)
