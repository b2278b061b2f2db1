"""What `bench gpu` found: as JSON, and as a page."""

import json
import math
from collections import Counter
from dataclasses import asdict
from typing import Any

import pandas as pd

from benchmark.bench.gpu.checks import Check
from benchmark.bench.table import as_markdown

TITLES = {
    "kernels": "Kernels",
    "objectives": "Objectives",
    "evaluation": "Evaluation",
    "dam": "Time and memory of DAM",
    "compiled": "Compiled kernels",
    "synchronisations": "Synchronisations",
    "repeatable": "Repeatable runs",
    "pipeline": "Pipeline",
}
TEXTS = {
    "kernels": "The largest difference of values and gradients from `benchmark/dam/definition.py` "
    "and `readings.py` in float64, relative to the largest number there. *Beside torch*: from the "
    "same in torch, by blocks, on the GPU.",
    "objectives": "The largest difference of the loss and its gradients on the GPU in float32 from "
    "those on the CPU in float64, relative to the largest number there, at a second step.",
    "evaluation": "Ranks of all positives and every metric, searched on the GPU in blocks of "
    "queries, beside those of the CPU.",
    "dam": "The least time of forward and backward of the loss, waited for, as in `bench dam`, and "
    "of a training step of ResNet-50 at 224 px with a batch of the same size. Peaks are what torch "
    "allocated for inputs, weights and two loss steps.",
    "compiled": "What the driver says of every kernel that was compiled for this run.",
    "synchronisations": "Warnings of `torch.cuda.set_sync_debug_mode`, a step: of whole runs "
    "within an epoch, with loaders and hooks, and of each loss alone.",
    "repeatable": "Small runs on the data set `noise`, and of ResNet-50 on photographs.",
    "pipeline": "*Limit*: forward, backward and the optimiser's step of the same model on one "
    "batch that lies on the device. *Plain loader*: torch's DataLoader of Pillow images with the "
    "same crops, in as many processes. A run is timed from its second epoch on.",
}
HEADER = ("check", "measured", "target", "verdict", "note")
ORDER = {"failed": 0, "not measured": 1, "passed": 2, "measured": 2}


def as_json(record: dict[str, Any]) -> str:
    """Everything, with numbers that JSON has not as words."""
    sections = {
        name: [asdict(check) for check in checks] for name, checks in record["sections"].items()
    }
    whole = record | {"verdict": verdict(record), "sections": sections}
    return json.dumps(_finite(whole), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def verdict(record: dict[str, Any]) -> str:
    """One word for all: failed, passed, or that nothing was judged or the run isn't complete."""
    counts = _counts(record)
    if counts["failed"]:
        return "failed"
    if not record["complete"]:
        return "not complete"
    return "passed" if counts["passed"] else "nothing judged"


def _counts(record: dict[str, Any]) -> Counter[str]:
    return Counter(check.verdict for checks in record["sections"].values() for check in checks)


def summary(record: dict[str, Any]) -> str:
    """The verdict in one line."""
    counts, machine = _counts(record), record["machine"]
    judged = counts["passed"] + counts["failed"]
    words = [f"{counts['passed']} of {judged} checks passed"]
    words += [f"{counts['not measured']} not measured"] * bool(counts["not measured"])
    seconds = sum(record["seconds"].values())
    return f"{verdict(record)}: {', '.join(words)} on {machine['device']} in {seconds:.0f} s"


def page(record: dict[str, Any]) -> str:
    """A table a section, what failed first, with the conditions."""
    m = record["machine"]
    lines = ["# The GPU's own test", "", f"**{summary(record)}**", ""]
    if not record["complete"]:
        lines += ["This page was written while the test went on; what comes after is missing.", ""]
    gpu = ""
    if "driver" in m:
        capability = ".".join(map(str, m["capability"]))
        gpu = (
            f" ({m['memory_gib']:.0f} GiB, capability {capability}, driver {m['driver']}, cuDNN "
            f"{m['cudnn']})"
        )
    changed = " with changes" if m["dirty"] else ""
    lines += [
        f"- `{record['command']}`",
        f"- {m['device']}{gpu}; {m['cores']} cores; {m['platform']}",
        f"- python {m['python']}, torch {m['torch']}, CUDA {m['cuda']}, triton {m['triton']}; "
        f"commit {m['commit']}{changed}",
        "- A check without a target is a number to know. What could not be measured is named with "
        "its reason, and counts as neither passed nor failed. `gpu.json` has all numbers.",
    ]
    for name, checks in record["sections"].items():
        lines += ["", f"## {TITLES[name]}", "", TEXTS[name], ""]
        if not checks:
            lines += ["Not measured: the test ended before this section."]
            continue
        counts = Counter(check.verdict for check in checks)
        words = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        lines += [f"{words}; {record['seconds'][name]:.1f} s.", ""]
        ordered = sorted(checks, key=lambda check: ORDER[check.verdict])
        frame = pd.DataFrame([_cells(check) for check in ordered], columns=HEADER)
        lines += [as_markdown(frame, HEADER).rstrip("\n")]
    return "\n".join(lines) + "\n"


def _cells(check: Check) -> list[str]:
    measured = check.measured
    if isinstance(measured, float):
        measured = f"{measured:.3g}" if abs(measured) < 100 else f"{measured:.0f}"
    mark = "**failed**" if check.verdict == "failed" else check.verdict
    note = " ".join(check.note.split())
    return [check.name, "–" if measured is None else str(measured), check.target, mark, note]
