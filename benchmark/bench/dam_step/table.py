"""What `bench dam` measured: the table that is shown, the one that is stored, the page."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.bench.dam_step.measurement import BACKBONE_DIM, PER_CLASS, PIXELS, Size
from benchmark.bench.table import as_markdown

ABSENT = "–"
WORDS = ("size",)
FAILED = "failed: "
MIB = 2**20


@dataclass(frozen=True)
class Answer:
    """What a process measured: numbers by name, and why others are missing."""

    numbers: dict[str, float]
    trouble: str = ABSENT

    def __getitem__(self, name: str) -> float | str:
        return float(self.numbers[name]) if name in self.numbers else self.trouble


@dataclass(frozen=True)
class Row:
    """The measurements of one size: seconds by step, and the bytes of each arm."""

    size: Size
    times: Answer
    resnet: Answer
    memory: dict[str, Answer]

    @property
    def through_head(self) -> float | str:
        """DAM's step through the head, as a multiple of the baseline's."""
        return _ratio(self.times["dam head"], self.times["baseline head"])

    @property
    def of_resnet(self) -> float | str:
        """DAM's loss step in per cent of a training step of ResNet-50."""
        return _scaled(_ratio(self.times["dam"], self.resnet["resnet"]), 100)

    def cells(self) -> dict[str, float | str]:
        """By heading: numbers, or words where one is missing."""
        times, memory = self.times, self.memory
        return {
            "rounds": times["rounds"],
            "baseline loss step (ms)": _scaled(times["baseline"], 1e3),
            "DAM loss step (ms)": _scaled(times["dam"], 1e3),
            "ratio": _ratio(times["dam"], times["baseline"]),
            "baseline head step (ms)": _scaled(times["baseline head"], 1e3),
            "DAM head step (ms)": _scaled(times["dam head"], 1e3),
            "ratio through the head": self.through_head,
            "ResNet-50 step (ms)": _scaled(self.resnet["resnet"], 1e3),
            "DAM loss / ResNet-50 (%)": self.of_resnet,
            "baseline peak (MiB)": _scaled(memory["baseline"]["peak"], 1 / MIB),
            "DAM peak (MiB)": _scaled(memory["dam"]["peak"], 1 / MIB),
        }

    @property
    def failed(self) -> bool:
        """Whether a number is missing for another reason than time or memory."""
        answers = self.times, self.resnet, *self.memory.values()
        return any(answer.trouble.startswith(FAILED) for answer in answers)


def _scaled(value: float | str, factor: float) -> float | str:
    return value if isinstance(value, str) else value * factor


def _ratio(value: float | str, other: float | str) -> float | str:
    return ABSENT if isinstance(value, str) or isinstance(other, str) else value / other


def _text(cell: float | str, digits: int) -> str:
    """Words and whole numbers as they are, other numbers with at least `digits` digits."""
    if isinstance(cell, str):
        return cell
    decimals = 0 if cell.is_integer() else max(0, digits - len(str(int(cell))))
    return f"{cell:.{decimals}f}"


def shown(rows: list[Row]) -> pd.DataFrame:
    """A line a size, with three digits."""
    return pd.DataFrame([{"size": str(row.size)} | _texts(row, 3) for row in rows])


def stored(rows: list[Row], environment: dict[str, Any]) -> pd.DataFrame:
    """A line a size, with the device and six digits."""
    where = {name: environment[key] for name, key in (("device", "device_name"), ("threads",) * 2)}
    return pd.DataFrame([{"size": str(row.size)} | where | _texts(row, 6) for row in rows])


def _texts(row: Row, digits: int) -> dict[str, str]:
    return {name: _text(cell, digits) for name, cell in row.cells().items()}


def conditions(environment: dict[str, Any], device: str, limit: float) -> list[str]:
    """What the numbers are and how they were measured, in sentences."""
    e = environment
    changed = " with changes" if e["dirty"] else ""
    threads = f"{e['threads']} thread{'s' * (e['threads'] > 1)}"
    grown = "by how much the process grew, libraries not counted,"
    peak = "what torch allocated" if device == "cuda" else grown
    return [
        f"{e['device_name']}, {threads}; {e['platform']}; python {e['python']}, "
        f"torch {e['torch']}, DAM by {e['kernels']}; commit {e['commit']}{changed}.",
        "A loss step is forward and backward, to features and proxies, in float32. Proxies: "
        "normalised softmax with labels at random. Pairs: Multi-Similarity with "
        f"{PER_CLASS} samples of a class. DAM has its defaults, and for pairs adds the plain loss.",
        f"A head step has a linear layer from {BACKBONE_DIM} elements before the loss. Steps take "
        "turns in rounds, and the least time of each counts.",
        f"A ResNet-50 step is a training step of the same batch at {PIXELS} px with the baseline's "
        "loss, in float32 with torch's defaults.",
        f"Peak memory is {peak} for inputs, weights and two loss steps, in a process of its own.",
        f"Each measurement had {limit:g} s at most.",
    ]


def page(rows: list[Row], command: str, notes: list[str]) -> str:
    """The table with its conditions."""
    lines = [f"`{command}`", "", *(f"- {note}" for note in notes), ""]
    return "\n".join([*lines, as_markdown(shown(rows), WORDS)])
